"""Jacobian-vector products of one function at one point, many at a time.

Each way to compute them takes the function and the point once and returns a closure that maps a
stack of tangents (k, *input) to a stack of products (k, m). What it keeps of the run at the point
lives as long as the closure.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import grad
from torch.autograd.forward_ad import make_dual, unpack_dual
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from specxai.affine.products.folding import folded_scale
from specxai.affine.tracing.operations import CONVOLUTIONS

Function = Callable[[Tensor], Tensor]
Pushforward = Callable[[Tensor], Tensor]


def vectorized(
    function: Function,
    x: Float[Tensor, "1 ..."],
    folded: bool = False,
    known: Sequence[Tensor] = (),
) -> Pushforward:
    """Push all tangents forward together: forward-mode derivative under ``vmap``.

    Args:
        function: maps a batch of inputs to a batch of outputs.
        x: the point.
        folded: multiply by the folded scale of a batch norm instead of its own formula. Faster, but
            rounded otherwise than the forward pass: not for the product that is taken from f(x).
        known: see `KnownPrimals`; none are found in the first push.
    """
    return partial(_push_together, function, x, folded, list(known))


def _push_together(
    function: Function, x: Tensor, folded: bool, known: list[Tensor], tangents: Tensor
) -> Tensor:
    with torch.no_grad(), forward_mode(), KnownPrimals(known, folded):
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


def transposed(function: Function, x: Float[Tensor, "1 ..."]) -> Pushforward:
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


class KnownPrimals(TorchFunctionMode):
    """Pushes tangents through affine operations without running these on x again.

    The point x is always the same, and so are the outputs of convolutions and linear layers at it.
    PyTorch's forward mode would compute them each time, together with the product of the primal and
    the zero tangent of the weight: for few tangents, most of the work.

    Args:
        known: the outputs at x in the order of the calls; filled by the first run.
        folded: include batch norms, as one product with their folded scale.
    """

    def __init__(self, known: list[Tensor], folded: bool = False) -> None:
        super().__init__()
        self._known = known
        self._linear_parts = _LINEAR_PARTS | _FOLDED if folded else _LINEAR_PARTS
        self._calls = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in self._linear_parts:
            return self._push(func, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _push(self, func: Callable[..., Tensor], input: Tensor, *args: Any, **options: Any) -> Any:
        primal, tangent = unpack_dual(input)
        constants = [each for each in (*args, *options.values()) if isinstance(each, Tensor)]
        if tangent is None or any(unpack_dual(each).tangent is not None for each in constants):
            return func(input, *args, **options)
        pushed = self._linear_parts[func](func, tangent, *args, **options)
        if pushed is None:
            return func(input, *args, **options)
        if self._calls == len(self._known):
            self._known.append(func(primal, *args, **options))
        self._calls += 1
        # A copy, because the model may go on in place.
        return make_dual(self._known[self._calls - 1].clone(), pushed)


def _without_bias(
    func: Callable[..., Tensor],
    tangent: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *args: Any,
    **options: Any,
) -> Tensor:
    return func(tangent, weight, None, *args, **options)


def _scaled(func: Callable[..., Tensor], tangent: Tensor, *args: Any, **options: Any) -> Any:
    scale = folded_scale(tangent, *args, **options)
    return None if scale is None else tangent * scale


_LINEAR_PARTS: dict[Callable[..., Any], Callable[..., Any]] = dict.fromkeys(
    (*CONVOLUTIONS, functional.linear), _without_bias
)
_FOLDED: dict[Callable[..., Any], Callable[..., Any]] = {functional.batch_norm: _scaled}


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
