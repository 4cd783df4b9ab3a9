"""From the map at one input to the map from a baseline: exact at both (design after paper, 14)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.linearization import Linearization
from specxai.affine.products.adjointness import random_like
from specxai.affine.products.agreement import recorded_agrees
from specxai.affine.tracing.baseline.reference import Reference
from specxai.affine.tracing.conventions import Conventions
from specxai.affine.tracing.faults import final, in_our_words
from specxai.affine.tracing.interpreter import Address
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.preconditions import model_failures
from specxai.affine.tracing.trace import Trace, trace
from specxai.errors import InvalidInputError, UnsupportedOperationError

# How far the map may be from the outputs at both ends, as a share of these.
_ROUNDING = {torch.float32: 1e-2, torch.float64: 1e-7}


def from_baseline(
    pointwise: Linearization, baseline: Float[Tensor, "1 ..."], name: str = "given"
) -> Linearization:
    """Return the affine map through the outputs at a baseline and at the input.

    Every operation becomes the affine map through its own values at both, so that at every layer
    h(x) − h(x₀) = R (x − x₀), and y(x) − y(x₀) = u·(x − x₀), without any quadrature.

    Args:
        pointwise: the network as it is at x alone.
        baseline: x₀, shape and dtype of x.
        name: of the baseline.

    Raises:
        UnsupportedOperationError: the network takes another path at x₀, or hides operations.
        InvalidInputError: its output at x₀ is not finite.
    """
    network, x = replace(pointwise.network, plan={}), pointwise.x
    with torch.no_grad(), model_failures(x):
        traced, start, shares = _traced_twice(network, pointwise.conventions, x, baseline)
    if not bool(start.isfinite().all()):
        raise InvalidInputError(
            "the model's output at the baseline holds NaN or infinite values: choose another one"
        )
    network.plan.update(traced.plan)
    sites = [replace(site, completed=shares.get(site.address)) for site in traced.sites]
    lin = replace(
        pointwise,
        network=network,
        sites=tuple(sites),
        layers=traced.layers,
        repairs=[],
        checked=set(),
        baseline=baseline,
        baseline_name=name,
        baseline_output=start,
        pointwise=pointwise,
    )
    with in_our_words("the derivative"):
        agrees = recorded_agrees(network, x, traced)
        if not agrees:
            lin.right(None)
    lin.checked.add(("right",))
    # Where PyTorch's derivative was wrong, the recorded one still is.
    _check_sum(lin, traced.pull if agrees else lin.vjp)
    return lin


def batch_from_baseline(
    lin: Linearization, baseline: Float[Tensor, "1 ..."], x: Float[Tensor, "B ..."]
) -> tuple[Network, Tensor]:
    """Find the maps from a baseline to several inputs, which run together.

    Args:
        lin: that to one input.
        baseline: x₀.
        x: inputs of the same shape.

    Returns:
        The network with a rule for each call that holds for each of the inputs, and f(x₀).

    Raises:
        UnsupportedOperationError: the network takes another path at x₀, or a call is completed,
            which is of one input at a time.
    """
    network = replace(lin.at_x.network, plan={})
    starts = baseline.expand_as(x).contiguous()
    with torch.no_grad(), model_failures(x):
        traced, output, shares = _traced_twice(network, lin.conventions, x, starts)
    if shares:
        raise UnsupportedOperationError(f"{next(iter(shares))} is completed for one input alone")
    network.plan.update(traced.plan)
    return network, output[:1]


def _traced_twice(
    network: Network, conventions: Conventions, x: Tensor, baseline: Tensor, widen: bool = True
) -> tuple[Trace, Tensor, dict[Address, float]]:
    """Record the network at x₀, then at x; return the second record, f(x₀) and completions."""
    reference = Reference({value.data_ptr() for value in network.constants()})
    run = partial(trace, network, conventions, widen=widen, reference=reference)
    try:
        start = run(x=baseline).output
        reference.arrived = True
        traced = run(x=x)
        reference.finish()
    except Exception as fault:  # an operation that insists on the dtype a cast would have made
        if final(fault) or not widen:
            raise
        return _traced_twice(network, conventions, x, baseline, widen=False)
    return traced, start, reference.shares()


def _check_sum(lin: Linearization, pull: Callable[[Tensor], Tensor]) -> None:
    """Refuse a map that does not lead from one output to the other, and say what is at fault."""
    y, y0 = lin.output.double(), lin.bias().double()
    w = random_like(y, 5)
    scale = float(w.norm() * torch.maximum(y.norm(), y0.norm())) or 1.0
    linear = (pull(w.to(lin.output)).double() * lin.displacement.double()).sum()
    off = abs(float((w * (y - y0)).sum() - linear)) / scale
    if off <= _ROUNDING[lin.x.dtype]:
        return
    hidden = sorted({str(site.address) for site in lin.sites if site.hidden})
    cause = (
        f"{', '.join(hidden[:4])} is not seen (torch.jit, torch.func or an autograd.Function)"
        if hidden
        else f"the sum is off by {off:.1g}"
    )
    if not hidden and lin.x.dtype != torch.float64:
        cause += " (rounding, if precision='double' or a nearer baseline mends it)"
    raise UnsupportedOperationError(
        f"no map leads from the output at the baseline to that at x: {cause}; write it with plain "
        "operations, or take baseline=None, the map at x alone"
    )
