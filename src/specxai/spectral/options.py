"""How a decomposition is to be computed."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from specxai.affine import Jacobian
from specxai.errors import InvalidInputError, NotEnoughMemoryError
from specxai.spectral.estimate import duration, estimate_exact
from specxai.spectral.krylov import Goal, KrylovOptions
from specxai.spectral.memory import plan_storage, read_memory
from specxai.spectral.svd import find_active

Method = Literal["auto", "exact", "krylov"]

# What ``auto`` lets an exact decomposition take.
LONG = 600.0
# Below this many active rows nothing is worth an estimate.
_FEW = 64

_log = logging.getLogger("specxai")


@dataclass(frozen=True)
class Options:
    """How a decomposition is to be computed.

    Attributes:
        method: ``exact`` computes every component; ``krylov`` the leading ones, by products;
            ``auto`` the exact ones where they fit in memory and take no more than 10 minutes.
        n_components: how many components ``krylov`` looks for.
        by: what they lead in: σ, or |α|.
        tol: largest accepted ‖R v − σ u‖ / σ of an iterative component.
        products: how many products with R, and as many with Rᵀ, ``krylov`` may make.
        seed: seed of its random directions.
        memory: bytes, or text such as ``2GiB``, that may be taken beside the model; None for what
            is free.
        scratch: a folder for rows that do not fit in memory; None keeps to memory.
    """

    method: Method = "auto"
    n_components: int = 8
    by: Goal = "singular_value"
    tol: float = 1e-4
    products: int = 1000
    seed: int = 0
    memory: int | str | None = None
    scratch: Path | str | None = None

    def __post_init__(self) -> None:
        if self.method not in ("auto", "exact", "krylov"):
            raise InvalidInputError(
                f"method={self.method!r} is unknown: choose 'auto', 'exact' or 'krylov'"
            )
        _ = self.krylov

    @property
    def krylov(self) -> KrylovOptions:
        """What concerns the iterative method."""
        return KrylovOptions(self.n_components, self.by, self.tol, self.products, seed=self.seed)

    @property
    def folder(self) -> Path | None:
        """The scratch folder."""
        return None if self.scratch is None else Path(self.scratch)

    def choose(self, right: Jacobian) -> Literal["exact", "krylov"]:
        """Return the method for a Jacobian; ``auto`` predicts, and logs its choice."""
        if self.method != "auto":
            return self.method
        count = len(find_active(right))
        if count <= _FEW:
            return "exact"
        try:
            plan_storage(right, count, read_memory(self.memory, right.x.device), self.folder)
        except NotEnoughMemoryError as fault:
            _log.info("method krylov: %s", fault)
            return "krylov"
        estimate = estimate_exact(right, count)
        method: Literal["exact", "krylov"] = "exact" if estimate.seconds <= LONG else "krylov"
        limit = "" if method == "exact" else f", more than {duration(LONG)}"
        _log.info("method %s: %d active rows, exact takes %s%s", method, count, estimate, limit)
        return method
