"""How a decomposition is to be computed: three ways, each with what concerns it."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jaxtyping import Int
from torch import Tensor

from specxai.affine import Jacobian
from specxai.errors import InvalidInputError, NotEnoughMemoryError
from specxai.spectral.svd.estimate import duration, estimate_exact, product_seconds
from specxai.spectral.svd.exact import ExactPlan, find_active, plan_exact
from specxai.spectral.svd.krylov import Krylov
from specxai.spectral.svd.low_rank import PROBES, low_rank_svd
from specxai.spectral.svd.memory import plan_storage

# What `Auto` lets an exact decomposition take.
LONG = 600.0

_log = logging.getLogger("specxai")


@dataclass(frozen=True)
class Exact:
    """Every component, from all active rows of R.

    Attributes:
        scratch: a folder for rows that do not fit in memory; None keeps to memory.
    """

    scratch: Path | str | None = None

    @property
    def folder(self) -> Path | None:
        """The scratch folder."""
        return None if self.scratch is None else Path(self.scratch)

    def plan(self, right: Jacobian, budget: int) -> ExactPlan:
        """Return how to decompose a Jacobian; see `Auto.plan`."""
        return plan_exact(right, budget, self.folder)


@dataclass(frozen=True)
class Auto:
    """Every component where that fits in memory and in time, else the leading ones.

    Attributes:
        exact: how all are computed.
        krylov: which ones are found else, and how.
        seconds: how long the exact way may take; 0 leaves it to the few rows below.
        few: up to this many active rows, or columns, nothing is worth an estimate.
    """

    exact: Exact = field(default_factory=Exact)
    krylov: Krylov = field(default_factory=Krylov)
    seconds: float = LONG
    few: int = 64

    def plan(self, right: Jacobian, budget: int) -> ExactPlan | Krylov:
        """Return how to decompose a Jacobian, by a prediction of the time, and log the choice.

        Args:
            right: R, of shape (m, M).
            budget: bytes that may be taken beside the model, read once for all that follows.

        Raises:
            LayerError: no unit depends on the input here.
        """
        active = find_active(right)
        if min(len(active), right.shape[1]) <= self.few:
            return self.exact.plan(right, budget)
        if not self.seconds:
            _log.info("method krylov: %d active rows, more than %d", len(active), self.few)
            return self.krylov
        return self._weigh(right, active, budget)

    def _weigh(self, right: Jacobian, active: Int[Tensor, " a"], budget: int) -> ExactPlan | Krylov:
        """Return the way that fits in memory and in time, with a line that says why."""
        count = len(active)
        try:
            storage = plan_storage(right, count, budget, self.exact.folder)
        except NotEnoughMemoryError as fault:
            _log.info("method krylov: %s; %s", fault, self._products(*product_seconds(right)))
            return self.krylov
        estimate = estimate_exact(right.in_blocks_of(storage.block), count, storage.place)
        # Whatever is worth its rows is worth this: it is as many products as few rows.
        low = None
        if PROBES * estimate.pull <= self.seconds / 8:
            low = low_rank_svd(right, active, budget)
        if low is not None:
            _log.info("method exact: %d active rows, of rank %d", count, len(low[1]))
        elif estimate.seconds <= self.seconds:
            _log.info("method exact: %d active rows, %s", count, estimate)
        else:
            _log.info(
                "method krylov: %d active rows, exact takes %s, more than %s; %s",
                count,
                estimate,
                duration(self.seconds),
                self._products(estimate.pull, estimate.push),
            )
            return self.krylov
        return ExactPlan(active, low, storage, self.exact.folder)

    def _products(self, pull: float, push: float) -> str:
        """Say how long the products may take; their orthogonalization comes on top."""
        seconds = duration(self.krylov.products * (pull + push))
        return f"up to {self.krylov.products:,} products each way take {seconds} and more"


# What an answer needs: the components that carry 90 %, at most eight; all where there are few.
LEADING = Auto(krylov=Krylov(by="contribution", products=400, share=0.9), seconds=0.0, few=128)

Solver = Exact | Krylov | Auto
Method = Literal["auto", "exact", "krylov", "leading"] | Solver
"""A solver, or the name of one as it is by default."""


def read_method(method: Method, defaults: Auto | None = None) -> Solver:
    """Return the solver that is meant.

    Args:
        method: a solver, or the name of one.
        defaults: what the names stand for; None takes `Auto` and its parts as they are.

    Raises:
        InvalidInputError: no solver has that name.
    """
    if isinstance(method, Solver):
        return method
    auto = defaults or Auto()
    known: dict[str, Solver] = {
        "auto": auto,
        "exact": auto.exact,
        "krylov": auto.krylov,
        "leading": defaults or LEADING,
    }
    if method not in known:
        raise InvalidInputError(
            f"method={method!r} is unknown: choose {', '.join(map(repr, known))}, or give a solver"
        )
    return known[method]
