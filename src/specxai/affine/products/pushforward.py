"""Jacobian-vector products of one function at one point, many at a time.

Each way to compute them takes the function and the point once and returns a closure that maps a
stack of tangents (k, *input) to a stack of products (k, m). What it keeps of the run at the point
lives as long as the closure.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import grad
from torch.nn.attention import SDPBackend, sdpa_kernel

from specxai.affine.products.tape import Tape

Function = Callable[[Tensor], Tensor]
Pushforward = Callable[[Tensor], Tensor]


def vectorized(function: Function, x: Float[Tensor, "1 ..."]) -> Pushforward:
    """Push all tangents forward together: forward-mode derivative under ``vmap``."""
    return partial(_push_together, function, x)


def taped(
    function: Function,
    x: Float[Tensor, "_ ..."],
    copies: int = 1,
    layout: torch.memory_format = torch.contiguous_format,
) -> Pushforward:
    """Record the linear part of every call once, and play it for all tangents.

    Takes a run of the function first, and is the fastest for many tangents.

    Args:
        function: maps a batch of inputs to a batch of outputs, and never mixes them.
        x: the point, or a point for each copy.
        copies: how many tangents are pushed at a time.
        layout: of the batch in memory.

    Raises:
        NotRecordedError: something on the input's path was not seen.
    """
    with forward_mode():
        return partial(_play, Tape(function, x, copies, layout))


def _play(tape: Tape, tangents: Tensor) -> Tensor:
    with torch.no_grad(), forward_mode():
        return tape(tangents)


def _push_together(function: Function, x: Tensor, tangents: Tensor) -> Tensor:
    with torch.no_grad(), forward_mode():
        products = torch.func.vmap(partial(_push_one, function, x))(tangents.reshape(-1, *x.shape))
    return products.flatten(1)


def _push_one(function: Function, x: Tensor, tangent: Tensor) -> Tensor:
    return torch.func.jvp(function, (x,), (tangent,))[1]  # type: ignore[no-any-return]


def sequential(function: Function, x: Float[Tensor, "1 ..."]) -> Pushforward:
    """Push tangents forward one by one, which needs no ``vmap`` rule."""
    return partial(_push_each, function, x)


def _push_each(function: Function, x: Tensor, tangents: Tensor) -> Tensor:
    with torch.no_grad(), forward_mode():
        each = [_push_one(function, x, tangent.reshape(x.shape)) for tangent in tangents]
    return torch.cat([product.reshape(1, -1) for product in each])


def transposed(function: Function, x: Float[Tensor, "_ ..."]) -> Pushforward:
    """Push tangents forward one by one, by differentiating the vector-Jacobian product.

    Slow, and needs no forward-mode formula and no ``vmap`` rule.
    """
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad(), forward_mode():
        output = function(leaf)
        cotangent = torch.zeros_like(output, requires_grad=True)
        (pulled,) = grad(output, leaf, cotangent, create_graph=True)
    return partial(_push_transposed, pulled, cotangent)


def _push_transposed(pulled: Tensor, cotangent: Tensor, tangents: Tensor) -> Tensor:
    shaped = tangents.reshape(-1, *pulled.shape)
    each = [grad(pulled, cotangent, tangent, retain_graph=True) for tangent in shaped]
    products = [product.reshape(1, -1) for (product,) in each]
    return torch.cat(products) if products else cotangent.detach().reshape(1, -1)[:0]


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
