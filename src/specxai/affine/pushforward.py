"""Jacobian-vector products of one function at one point, many at a time."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import grad
from torch.nn.attention import SDPBackend, sdpa_kernel

Function = Callable[[Tensor], Tensor]


def vectorized(
    function: Function, x: Float[Tensor, "1 ..."], tangents: Float[Tensor, "k ..."]
) -> Float[Tensor, "k m"]:
    """Push k tangents forward together: forward-mode derivative under ``vmap``, x run once."""

    def push(tangent: Tensor) -> Tensor:
        return torch.func.jvp(function, (x,), (tangent,))[1]  # type: ignore[no-any-return]

    with torch.no_grad(), forward_mode():
        return torch.func.vmap(push)(tangents.reshape(-1, *x.shape)).flatten(1)


def transposed(
    function: Function, x: Float[Tensor, "1 ..."], tangents: Float[Tensor, "k ..."]
) -> Float[Tensor, "k m"]:
    """Push tangents forward one by one, by differentiating the vector-Jacobian product.

    Slow, and needs no forward-mode formula and no ``vmap`` rule.
    """
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad(), forward_mode():
        output = function(leaf)
        cotangent = torch.zeros_like(output, requires_grad=True)
        (pulled,) = grad(output, leaf, cotangent, create_graph=True)
    each = [grad(pulled, cotangent, v.reshape(x.shape), retain_graph=True) for v in tangents]
    products = [product.reshape(1, -1) for (product,) in each]
    return torch.cat(products) if products else output.detach().reshape(1, -1)[:0]


@contextmanager
def forward_mode() -> Iterator[None]:
    """Choose kernels with forward-mode and second derivatives, and quiet PyTorch's warnings."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
            # PyTorch loads its own formulas through a deprecated interface of its own, and tells
            # of batching rules that it does not have.
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", message="There is a performance drop")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
