"""What was found on one network, and the verdict on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from traceback import extract_tb
from typing import Any

from specxai.errors import SpecxaiError

# The largest error of each measure that is still rounding, in float64.
BOUNDS = {
    "additivity": 1e-9,
    "ledger": 1e-9,
    "adjointness": 1e-10,
    "difference": 1e-4,
    "batch": 1e-8,
    "cut adjointness": 1e-10,
    "cut batch": 1e-8,
    "cut product": 1e-8,
}
RIGHT, REFUSED, WRONG, UNFINISHED = "right", "refused", "WRONG", "unfinished"


@dataclass
class Findings:
    """The errors of one network, each the largest of its kind, and what was raised.

    Attributes:
        name: of the network: its source, its family and the member that was taken.
        exactness: as `Linearization.exactness` gives it.
        sites: the number of operation calls.
        layers: how many layers the network was cut at.
        errors: by the names in `BOUNDS`.
        worst_layers: the layer where an error is largest.
        refusals: what was refused, and why.
        faults: exceptions that are no `SpecxaiError`.
        note: what a reader should know beside.
        unfinished: why the network could not be built or measured to the end; empty if it was.
        seconds: how long it took.
    """

    name: str
    exactness: str = ""
    sites: int = 0
    layers: int = 0
    errors: dict[str, float] = field(default_factory=dict)
    worst_layers: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    note: str = ""
    unfinished: str = ""
    seconds: float = 0.0

    def note_error(self, measure: str, error: float, layer: str = "") -> None:
        """Keep an error if it is the largest of its kind; NaN is larger than all."""
        if measure in self.errors and error <= self.errors[measure]:
            return
        self.errors[measure] = error if error == error else float("inf")
        self.worst_layers[measure] = layer

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Keep what is raised in the block."""
        try:
            yield
        except SpecxaiError as refusal:
            self.refusals.append(f"{name}: {type(refusal).__name__}: {_first_line(refusal)}")
        except Exception as fault:
            where = extract_tb(fault.__traceback__)[-1]
            file = "/".join(where.filename.split("/")[-2:])
            kind = type(fault).__name__
            self.faults.append(f"{name}: {kind}: {_first_line(fault)} ({file}:{where.lineno})")

    @property
    def excessive(self) -> list[str]:
        """The measures whose error is beyond rounding."""
        return [name for name, error in self.errors.items() if not error <= BOUNDS[name]]

    @property
    def verdict(self) -> str:
        """``right``, ``refused``, ``WRONG``, or ``unfinished``."""
        if self.excessive or self.faults:
            return WRONG
        if self.refusals:
            return REFUSED
        return UNFINISHED if self.unfinished else RIGHT

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:300]
