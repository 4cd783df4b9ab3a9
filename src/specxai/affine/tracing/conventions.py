"""Which rule applies where: one convention for all, or by operation and module (paper, 14, 15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from specxai.errors import InvalidInputError

Convention = Literal["tangent", "secant"]
RuleChoice = Convention | Mapping[str, Convention]


@dataclass(frozen=True)
class Conventions:
    """The convention for each operation that is not piecewise linear.

    Attributes:
        choices: pairs of a pattern and a convention; the last that matches wins. A pattern is the
            name of an operation, or a module path with ``*`` and ``?``.
    """

    choices: tuple[tuple[str, Convention], ...]

    def of(self, module: str, operation: str) -> Convention:
        """Return the convention for one operation in one module; ``tangent`` if none is chosen."""
        fitting = (
            convention
            for pattern, convention in reversed(self.choices)
            if pattern == operation or fnmatchcase(module, pattern)
        )
        return next(fitting, "tangent")


def read_conventions(rule: RuleChoice) -> Conventions:
    """Read a user's choice of rules.

    Args:
        rule: ``tangent``, ``secant``, or a mapping from operation names and module patterns to
            these, such as ``{"*": "secant", "gelu": "tangent", "head.*": "tangent"}``; later
            entries win.

    Raises:
        InvalidInputError: a convention is unknown.

    >>> read_conventions({"gelu": "secant"}).of("encoder.0", "gelu")
    'secant'
    """
    if not isinstance(rule, str | Mapping):
        raise InvalidInputError(
            f"rule {rule!r} is neither a convention nor a mapping to conventions"
        )
    choices = {"*": rule} if isinstance(rule, str) else dict(rule)
    for pattern, convention in choices.items():
        if convention not in ("tangent", "secant"):
            raise InvalidInputError(
                f"rule {convention!r} for {pattern!r} is unknown: choose 'tangent' or 'secant'"
            )
    return Conventions(tuple(choices.items()))
