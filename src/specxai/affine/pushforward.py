"""Jacobian-vector products of one function at one point, many at a time."""

import warnings
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import grad

Function = Callable[[Tensor], Tensor]


def vectorized(
    function: Function, x: Float[Tensor, "1 ..."], tangents: Float[Tensor, "k ..."]
) -> Float[Tensor, "k ..."]:
    """Push k tangents forward together: forward-mode derivative under ``vmap``, x run once."""

    def push(tangent: Tensor) -> Tensor:
        return torch.func.jvp(function, (x,), (tangent,))[1]  # type: ignore[no-any-return]

    with torch.no_grad(), warnings.catch_warnings():
        # PyTorch loads its own formulas through a deprecated interface of its own.
        warnings.simplefilter("ignore", FutureWarning)
        return torch.func.vmap(push)(tangents.reshape(-1, *x.shape)).flatten(0, 1)


def transposed(
    function: Function, x: Float[Tensor, "1 ..."], tangents: Float[Tensor, "k ..."]
) -> Float[Tensor, "k ..."]:
    """Push tangents forward one by one, by differentiating the vector-Jacobian product.

    Slow, and needs no forward-mode formula and no ``vmap`` rule.
    """
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        output = function(leaf)
        cotangent = torch.zeros_like(output, requires_grad=True)
        (pulled,) = grad(output, leaf, cotangent, create_graph=True)
    each = [grad(pulled, cotangent, v.reshape(x.shape), retain_graph=True) for v in tangents]
    return torch.cat([product for (product,) in each]) if each else output[:0].detach()
