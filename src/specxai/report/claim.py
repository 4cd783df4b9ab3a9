"""A statement of the paper, and whether it held here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from specxai.errors import InvalidInputError

_VERDICTS = {True: "holds", False: "does not hold", None: "cannot be told"}


@dataclass(frozen=True)
class Evidence:
    """What one map shows of a statement.

    Attributes:
        here: what was measured, in the statement's terms.
        holds: whether that agrees with the statement; None where it cannot be told.
    """

    here: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """The outcome in a word or two."""
        return _VERDICTS[self.holds]


@dataclass(frozen=True)
class Claim:
    """A statement that was put to the test.

    Attributes:
        statement: what the paper says, in one sentence.
        source: where it says so, such as "section 2.3, Figure 8".
        paper: the number or words of the paper.
        here: what was measured here, in the same terms.
        holds: whether what was measured agrees with the statement; None where it cannot be told.
        from_baseline: the same of the map from a baseline, by the same criterion; None where the
            statement was put to the test once.
    """

    statement: str
    source: str
    paper: str
    here: str
    holds: bool | None
    from_baseline: Evidence | None = None

    @property
    def verdict(self) -> str:
        """The outcome in a word or two."""
        return _VERDICTS[self.holds]

    def unjudged(self) -> "Claim":
        """Return the same with its numbers and without a verdict."""
        beside = self.from_baseline
        return replace(self, holds=None, from_baseline=beside and replace(beside, holds=None))


def side_by_side(at_x: Sequence[Claim], from_baseline: Sequence[Claim]) -> tuple[Claim, ...]:
    """Put claims about the map at x alone and the same ones about a map from a baseline together.

    Args:
        at_x: each statement, tested on the map at x alone.
        from_baseline: the same statements in the same order, tested on the map from a baseline.

    Raises:
        InvalidInputError: the statements are not the same.
    """
    if [each.statement for each in at_x] != [each.statement for each in from_baseline]:
        raise InvalidInputError("claims can be put side by side that make the same statements")
    return tuple(
        replace(one, from_baseline=Evidence(other.here, other.holds))
        for one, other in zip(at_x, from_baseline, strict=True)
    )


def spread(values: Sequence[float], form: str) -> str:
    """Write the median of values, with their range where they differ.

    Args:
        values: at least one.
        form: format of a number, such as ``.1f``.

    >>> spread([3.0, 1.0, 2.0], ".0f")
    '2 (1–3)'
    """
    low, mid, high = (format(value, form) for value in (min(values), median(values), max(values)))
    return mid if low == high else f"{mid} ({low}–{high})"
