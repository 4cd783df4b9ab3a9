"""The causal curve: outputs as components are removed one after the other."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.spectral.edits.edit import explained, predict, run_edited, run_turned
from specxai.spectral.records.network_decomposition import NetworkDecomposition

CausalOrder = Literal["contribution", "singular_value", "random"]


@dataclass(frozen=True, eq=False)
class CausalCurve:
    """The explained output as more and more components change, predicted and real.

    Where both agree, the explanation is true of the network and not of its affine map only. From a
    baseline both end, all components out of a cut, at the network's answer to the layer's output
    at x₀.

    Attributes:
        order: in which components change: ``contribution`` (|α|), ``singular_value`` (σ), both
            descending, or ``random``.
        drop: whether they are removed from all; otherwise they are added to none.
        components: all components in that order, shape (r,), int64.
        counts: how many of them have changed at each of p points, ascending, shape (p,), int64.
        predictions: of the explained output, by the affine map (20), shape (p,), or (p, *output)
            for all outputs; float64.
        answers: of the real network, likewise.
        outputs: all outputs of the real network, shape (p, *output), float64.
        controls: as the answers, for changes of the same length along one random direction; None
            for the map at x alone.
    """

    order: CausalOrder
    drop: bool
    components: Int[Tensor, " r"]
    counts: Int[Tensor, " p"]
    predictions: Float[Tensor, "p ..."]
    answers: Float[Tensor, "p ..."]
    outputs: Float[Tensor, "p ..."]
    controls: Float[Tensor, "p ..."] | None = None


def causal_curve(
    explanation: NetworkDecomposition,
    order: CausalOrder = "contribution",
    n: int = 64,
    seed: int = 0,
    drop: bool = True,
) -> CausalCurve:
    """Remove the components one after the other, and follow the output.

    Args:
        explanation: the result whose components are removed.
        order: ``contribution`` removes the largest |α| first, ``singular_value`` the largest σ,
            ``random`` any.
        n: at most how many points, evenly spaced from no component to all of them; 2 or more.
        seed: of the random order, and of the random direction.
        drop: False adds the components to none instead.

    Returns:
        Linear prediction and real answer at each point.

    Raises:
        InvalidInputError: the order is unknown, or n is below 2.

    >>> import specxai
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2)).eval()
    >>> curve = causal_curve(specxai.explain(net, torch.ones(1, 3), layer="0"))
    >>> curve.counts.tolist()
    [0, 1, 2]
    """
    if n < 2:
        raise InvalidInputError(f"n={n}: a curve needs 2 points or more")
    components = _ordered(explanation, order, seed)
    rank = explanation.rank
    counts = torch.linspace(0, rank, min(n, rank + 1), dtype=torch.float64).round().long()
    changed = components.argsort() < counts[:, None]
    scales = (~changed if drop else changed).to(explanation.contributions)
    outputs = run_edited(explanation, scales)
    return CausalCurve(
        order,
        drop,
        components,
        counts,
        predict(explanation, scales),
        explained(outputs, explanation.target),
        outputs,
        None if explanation.baseline is None else _controls(explanation, scales, seed),
    )


def _controls(
    explanation: NetworkDecomposition, scales: Float[Tensor, "p r"], seed: int
) -> Float[Tensor, "p ..."]:
    return explained(run_turned(explanation, scales, seed), explanation.target)


def _ordered(explanation: NetworkDecomposition, order: CausalOrder, seed: int) -> Int[Tensor, " r"]:
    if order not in get_args(CausalOrder):
        raise InvalidInputError(
            f"order={order!r} is unknown: choose 'contribution', 'singular_value' or 'random'"
        )
    if order == "random":
        return torch.randperm(explanation.rank, generator=torch.Generator().manual_seed(seed))
    return explanation.top(explanation.rank, order)
