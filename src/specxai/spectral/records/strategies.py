"""The ways to explain an output with fewer components, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jaxtyping import Float
from torch import Tensor

from specxai.spectral.records.reduction import (
    keep_above,
    keep_leading,
    keep_quantile,
    reduce_contributions,
    terms_to_reach,
)


@dataclass(frozen=True)
class Strategy:
    """What one way of choosing components keeps.

    Attributes:
        name: how they are chosen.
        terms: how many are kept; None where no number of them does what is asked, and the row is
            that of all.
        total: their sum, in units of the output.
        dropped: the sum of those that are left out; cancelling leaves nothing out.
        largest_share: magnitude of the largest, as a share of the sum of all magnitudes kept.
    """

    name: str
    terms: int | None
    total: float
    dropped: float
    largest_share: float


def compare_strategies(
    contributions: Float[Tensor, " r"],
    linear: float,
    thresholds: Sequence[float] = (0.1, 0.01),
    quantiles: Sequence[float] = (0.5, 0.9, 0.99),
    shares: Sequence[float] = (0.5, 0.9, 0.99),
) -> tuple[Strategy, ...]:
    """Apply every strategy to the same contributions.

    Args:
        contributions: α, in units of the output, shape (r,).
        linear: u·x, in the same units.
        thresholds: on |α|, as shares of the largest |α|.
        quantiles: of |α|.
        shares: of u·x, to be reached by the leading contributions: for the first time, and from
            there on; see `specxai.spectral.records.reduction.Reach`.

    Returns:
        One row each: all components; cancellation (21, 22); thresholds; quantiles; shares twice.

    >>> import torch
    >>> for row in compare_strategies(torch.tensor([5.0, -3.0, 2.0, -1.0]), 3.0, [0.5], [], [0.9]):
    ...     print(row.name, row.terms, row.total, row.dropped)
    all 4 3.0 0.0
    cancellation 2 3.0 0.0
    |α| ≥ 2.5, 50 % of the largest 2 2.0 1.0
    within 10 % of u·x 4 3.0 0.0
    within 10 % of u·x from there on 4 3.0 0.0
    """
    return (
        _row("all", contributions, 0.0),
        _row("cancellation", reduce_contributions(contributions).values, 0.0),
        *_by_threshold(contributions, thresholds, quantiles),
        *_by_share(contributions, linear, shares),
    )


def _by_threshold(
    contributions: Float[Tensor, " r"], thresholds: Sequence[float], quantiles: Sequence[float]
) -> Iterator[Strategy]:
    largest = float(contributions.abs().max()) if len(contributions) else 0.0
    for share in thresholds:
        kept = keep_above(contributions, share * largest)
        name = f"|α| ≥ {share * largest:.3g}, {100 * share:g} % of the largest"
        yield _row(name, kept.values, float(kept.dropped))
    for quantile in quantiles:
        kept = keep_quantile(contributions, quantile)
        yield _row(f"|α| ≥ its {100 * quantile:g} % quantile", kept.values, float(kept.dropped))


def _by_share(
    contributions: Float[Tensor, " r"], linear: float, shares: Sequence[float]
) -> Iterator[Strategy]:
    for share in shares:
        reach = terms_to_reach(contributions, linear, share)
        within = f"within {100 * (1 - share):.3g} % of u·x"
        for name, n in ((within, reach.first), (f"{within} from there on", reach.lasting)):
            kept = keep_leading(contributions, len(contributions) if n is None else n)
            row = _row(name, kept.values, float(kept.dropped))
            yield replace(row, terms=n)


def _row(name: str, kept: Float[Tensor, " s"], dropped: float) -> Strategy:
    sizes = kept.abs().double()
    share = float(sizes.max() / sizes.sum()) if bool((sizes > 0).any()) else 0.0
    return Strategy(name, len(kept), float(kept.double().sum()), dropped, share)
