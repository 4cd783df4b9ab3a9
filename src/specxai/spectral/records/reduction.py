"""Fewer contributions: cancelling opposite signs (paper, equations 21, 22), and thresholds."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.presentation import Shown, counted, in_lines

# So many components are told in a text.
_TOLD = 5


@dataclass(frozen=True, eq=False)
class Reduction(Shown):
    """Contributions of one sign that sum to the same total (21, 22).

    Attributes:
        indices: the components that are left, largest magnitude first, shape (s,), int64.
        values: their reduced contributions α̂, in units of the output, shape (s,), float64.
        shares: α̃ = α̂ / Σα̂, positive and summing to 1, shape (s,), float64.
        rounds: how many rounds of cancellation it took.
    """

    indices: Int[Tensor, " s"]
    values: Float[Tensor, " s"]
    shares: Float[Tensor, " s"]
    rounds: int

    def __repr__(self) -> str:
        numbers = self.indices.tolist(), self.values.tolist(), self.shares.tolist()
        left = list(zip(*numbers, strict=True))
        rows = [(f"component {k}", f"{a:+.5g}", f"{share:.0%}") for k, a, share in left[:_TOLD]]
        if rest := left[_TOLD:]:
            _, values, shares = zip(*rest, strict=True)
            rows.append((counted(len(rest), "other"), f"{sum(values):+.5g}", f"{sum(shares):.0%}"))
        made = f"{counted(len(left), 'component')}, {counted(self.rounds, 'round')}"
        return in_lines(f"Reduction: {float(self.values.sum()):+.5g} by {made}", rows)


def reduce_contributions(contributions: Float[Tensor, " r"]) -> Reduction:
    """Cancel contributions of opposite sign, pair by pair, until one sign is left (21, 22).

    In each round the positive contributions in descending order meet the negative ones in order
    of descending magnitude. A pair's sum belongs to its member of larger magnitude; a pair that
    cancels exactly is gone; the unpaired rest stays.

    Args:
        contributions: α, in units of the output, shape (r,); zeros take no part.

    Returns:
        The contributions that are left. They are none when everything cancels.

    Raises:
        InvalidInputError: a contribution is NaN or infinite.

    >>> reduced = reduce_contributions(torch.tensor([5.0, -3.0, 2.0, -1.0]))
    >>> reduced.indices.tolist(), reduced.values.tolist(), reduced.rounds
    ([0, 2], [2.0, 1.0], 1)
    """
    values = contributions.detach().to("cpu", torch.float64)
    if not torch.isfinite(values).all():
        raise InvalidInputError("a contribution is NaN or infinite: nothing to reduce")
    indices = torch.arange(len(values))
    rounds = 0
    while bool((values > 0).any()) and bool((values < 0).any()):
        indices, values = _cancel_once(indices, values)
        rounds += 1
    order = values.abs().argsort(descending=True, stable=True)
    order = order[values[order] != 0]
    kept = values[order]
    return Reduction(indices[order], kept, kept / kept.sum(), rounds)


@dataclass(frozen=True, eq=False)
class Selection:
    """Contributions that are kept as they are, and the sum of the others.

    Attributes:
        indices: the components that are kept, largest magnitude first, shape (s,), int64.
        values: their contributions α, in units of the output, shape (s,), float64.
        dropped: Σα of the others, shape (), float64.
    """

    indices: Int[Tensor, " s"]
    values: Float[Tensor, " s"]
    dropped: Float[Tensor, ""]


def keep_leading(contributions: Float[Tensor, " r"], n: int) -> Selection:
    """Keep the n contributions of largest magnitude, the first of equal ones first.

    Args:
        contributions: α, in units of the output, shape (r,).
        n: how many, or all if there are fewer.
    """
    values = contributions.detach().to("cpu", torch.float64)
    order = values.abs().argsort(descending=True, stable=True)
    return Selection(order[:n], values[order[:n]], values[order[n:]].sum())


def keep_above(contributions: Float[Tensor, " r"], threshold: float) -> Selection:
    """Keep the contributions with |α| ≥ threshold.

    Args:
        contributions: α, in units of the output, shape (r,).
        threshold: the smallest magnitude to keep, in the same units.

    >>> keep_above(torch.tensor([5.0, -3.0, 2.0, -1.0]), 2.0).indices.tolist()
    [0, 1, 2]
    """
    return keep_leading(contributions, int((contributions.abs() >= threshold).sum()))


def keep_quantile(contributions: Float[Tensor, " r"], quantile: float) -> Selection:
    """Keep the contributions whose magnitude is no less than a quantile of all magnitudes.

    Args:
        contributions: α, in units of the output, shape (r,).
        quantile: from 0, which keeps all, to 1, which keeps the largest; between two magnitudes
            it is interpolated.

    Raises:
        InvalidInputError: the quantile is not from 0 to 1.

    >>> keep_quantile(torch.tensor([5.0, -3.0, 2.0, -1.0]), 0.5).indices.tolist()
    [0, 1]
    """
    if not 0 <= quantile <= 1:
        raise InvalidInputError(f"quantile={quantile}: choose from 0 to 1")
    magnitudes = contributions.detach().abs().double()
    if not len(magnitudes):
        return keep_leading(contributions, 0)
    return keep_above(contributions.double(), float(magnitudes.quantile(quantile)))


@dataclass(frozen=True)
class Reach:
    """How many leading contributions sum to a share of a total T.

    S_n, the sum of the n contributions of largest magnitude, has reached the share s where
    |S_n − T| ≤ (1 − s) |T|. With mixed signs it can do so and leave again.

    Attributes:
        share: s.
        first: the smallest n with S_n there; None if there is none.
        lasting: the smallest n with S_n and all later sums there; None if the last is not.
    """

    share: float
    first: int | None
    lasting: int | None


def terms_to_reach(contributions: Float[Tensor, " r"], total: float, share: float) -> Reach:
    """Count the contributions that it takes to reach a share of a total, such as u·x.

    Args:
        contributions: α, in units of the output, shape (r,).
        total: T, in the same units.
        share: s, from 0 to 1.

    Returns:
        The two counts.

    Raises:
        InvalidInputError: the share is not from 0 to 1.

    >>> terms_to_reach(torch.tensor([5.0, -3.0, 2.0, -1.0]), 3.0, 0.5)
    Reach(share=0.5, first=2, lasting=2)
    """
    if not 0 <= share <= 1:
        raise InvalidInputError(f"share={share}: choose from 0 to 1")
    leading = keep_leading(contributions, len(contributions)).values
    sums = torch.cat([leading.new_zeros(1), leading.cumsum(0)])
    # The rounding of a sum of terms that cancel must not decide.
    slack = 1e-12 * float(leading.abs().sum())
    there = ((sums - total).abs() <= (1 - share) * abs(total) + slack).tolist()
    first = there.index(True) if any(there) else None
    lasting = len(there) - (there[::-1].index(False) if not all(there) else len(there))
    return Reach(share, first, lasting if there[-1] else None)


def _cancel_once(indices: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Pair the k-th largest positive with the k-th largest negative value and add them."""
    order = values.abs().argsort(descending=True, stable=True)
    indices, values = indices[order], values[order]
    positive, negative = (values > 0).nonzero()[:, 0], (values < 0).nonzero()[:, 0]
    pairs = min(len(positive), len(negative))
    sums = values[positive[:pairs]] + values[negative[:pairs]]
    # Sorted by magnitude, the member of larger magnitude is the one that comes first.
    owners = torch.minimum(positive[:pairs], negative[:pairs])
    rest = torch.cat([positive[pairs:], negative[pairs:]])
    kept_indices = torch.cat([indices[owners], indices[rest]])
    kept_values = torch.cat([sums, values[rest]])
    present = kept_values != 0
    return kept_indices[present], kept_values[present]
