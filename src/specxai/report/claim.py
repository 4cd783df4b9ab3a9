"""A statement of the paper, and whether it held here."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Claim:
    """A statement that was put to the test.

    Attributes:
        statement: what the paper says, in one sentence.
        source: where it says so, such as "section 2.3, Figure 8".
        paper: the number or words of the paper.
        here: what was measured here, in the same terms.
        holds: whether what was measured agrees with the statement; None where it cannot be told.
    """

    statement: str
    source: str
    paper: str
    here: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """The outcome in a word or two."""
        return {True: "holds", False: "does not hold", None: "cannot be told"}[self.holds]


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
