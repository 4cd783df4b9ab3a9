"""A statement of the paper, and whether it held here."""

from dataclasses import dataclass


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
