"""What a measure is, and which values of it speak for a method."""

from dataclasses import dataclass
from typing import Literal

# "zero" is the value nearest to 0; "" where no value speaks for a method.
Better = Literal["lower", "higher", "zero", ""]


@dataclass(frozen=True)
class Measure:
    """A number that says how far an attribution can be trusted.

    Attributes:
        question: that it helps to answer; measures of one question share a table.
        name: in tables and figures.
        better: which values speak for a method.
        about: definition, unit, and name in the literature.
        weakness: why it is no proof, in one line.
        setting: at which it is taken, such as a size of noise; empty if there is only one.
    """

    question: str
    name: str
    better: Better
    about: str
    weakness: str
    setting: str = ""

    @property
    def label(self) -> str:
        """Name and setting: no two measures of an evaluation share it."""
        return f"{self.name}, {self.setting}" if self.setting else self.name

    def merit(self, value: float) -> float:
        """Return a number that is larger the more a value speaks for a method.

        >>> Measure("", "", "zero", "", "").merit(-0.5)
        -0.5
        """
        return {"lower": -value, "higher": value, "zero": -abs(value), "": 0.0}[self.better]
