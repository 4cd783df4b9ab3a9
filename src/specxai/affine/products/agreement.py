"""Derivatives that are compared before they are used, and mended where they are wrong."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.products import pushforward
from specxai.affine.products.adjointness import (
    TOLERANCES,
    UNDECIDED,
    disagreement,
    random_like,
    rounding_norm,
)
from specxai.affine.products.audit import Repair, audit, contiguous_throughout
from specxai.affine.products.jacobian import Jacobian
from specxai.affine.tracing.faults import final, in_our_words
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.trace import Trace
from specxai.errors import UnsupportedOperationError


def recorded_agrees(network: Network, x: Float[Tensor, "1 ..."], traced: Trace) -> bool:
    """Compare one forward product with one reverse product through the pass that was recorded.

    This takes a forward and a backward pass, and no more.

    Args:
        network: the network with its rules.
        x: the input.
        traced: its record.

    Returns:
        Whether they agree; False also where there is no forward derivative to compare with.
    """
    v, w = random_like(x, 1), random_like(traced.output, 2)
    for way in (pushforward.taped, pushforward.vectorized):
        try:
            pushed = way(network, x)(v.reshape(1, -1))
            break
        except Exception as fault:
            if final(fault):
                raise
    else:
        return False
    floor = rounding_norm(x, traced.output)
    difference = disagreement(pushed, w, v, traced.pull(w), floor)
    return difference <= TOLERANCES.get(x.dtype, TOLERANCES[torch.float32])


def off_by_differences(network: Network, x: Float[Tensor, "1 ..."], traced: Trace) -> float:
    """Return how far the reverse derivative is from central differences of the values.

    What is hidden may define a derivative that is not that of its values, on purpose or not.

    Args:
        network: the network with its rules.
        x: the input.
        traced: its record.

    Returns:
        The difference as a share, the smaller one of two step lengths: kinks and rounding count.
    """
    v, w = random_like(x, 3), random_like(traced.output, 4)
    pulled, differences = traced.pull(w), []
    step = torch.finfo(x.dtype).eps ** (1 / 3) * (float(x.abs().mean()) or 1.0)
    with torch.no_grad():
        for h in (step, step / 10):
            slopes = (network(x + h * v) - network(x - h * v)) / (2 * h)
            differences.append(disagreement(slopes, w, v, pulled))
    return min(differences)


def agreeing(
    network: Network, jacobian: Jacobian, run: Callable[[Tensor], Tensor], repairs: list[Repair]
) -> Jacobian:
    """Return a Jacobian whose forward and reverse products agree.

    Args:
        network: the network; where a call's derivative is wrong, it is given a rule that is right.
        jacobian: the Jacobian of the network or of a part of it.
        run: runs this part, and leaves the rules to an interpreter at work.
        repairs: takes what was mended.

    Returns:
        The Jacobian, or one of the mended network.

    Raises:
        UnsupportedOperationError: they differ, and it cannot be mended.
    """
    if jacobian.disagreement <= _bound(TOLERANCES, jacobian) and jacobian.goes_forward:
        return jacobian
    for find in (audit, contiguous_throughout):
        with in_our_words("the derivative"):
            more = find(network, run, jacobian.x)
        if more:
            network.plan.update({repair.address: repair.rule for repair in more})
            repairs += more
            jacobian = jacobian.afresh()
        if jacobian.disagreement <= _bound(UNDECIDED, jacobian):
            break
    if jacobian.disagreement > _bound(UNDECIDED, jacobian):
        raise UnsupportedOperationError(
            f"forward and reverse derivatives of the network differ by {jacobian.disagreement:.0%} "
            "of their size and no single operation is at fault: try precision='double', which "
            "tells rounding from a fault, or split at a later layer"
        )
    return jacobian


def _bound(bounds: dict[torch.dtype, float], jacobian: Jacobian) -> float:
    return bounds.get(jacobian.x.dtype, bounds[torch.float32])
