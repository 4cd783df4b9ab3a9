"""How a decomposition is to be computed."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jaxtyping import Int
from torch import Tensor

from specxai.affine import Jacobian
from specxai.errors import InvalidInputError, NotEnoughMemoryError
from specxai.spectral.svd.estimate import duration, estimate_exact, product_seconds
from specxai.spectral.svd.exact import ExactPlan, find_active, plan_exact
from specxai.spectral.svd.krylov import Goal, KrylovOptions
from specxai.spectral.svd.low_rank import PROBES, low_rank_svd
from specxai.spectral.svd.memory import plan_storage

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
            ``auto`` the exact ones where they fit in memory and take no more than ``seconds``.
        n_components: how many components ``krylov`` looks for.
        by: what they lead in: σ, or |α|.
        tol: largest accepted ‖R v − σ u‖ / σ of an iterative component.
        products: how many products with R, and as many with Rᵀ, ``krylov`` may make.
        seed: seed of its random directions.
        memory: bytes, or text such as ``2GiB``, that may be taken beside the model; None for what
            is free.
        scratch: a folder for rows that do not fit in memory; None keeps to memory.
        seconds: how long ``auto`` lets the exact method take.
    """

    method: Method = "auto"
    n_components: int = 8
    by: Goal = "singular_value"
    tol: float = 1e-4
    products: int = 1000
    seed: int = 0
    memory: int | str | None = None
    scratch: Path | str | None = None
    seconds: float = LONG

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

    def plan(self, right: Jacobian, budget: int) -> ExactPlan | None:
        """Return how to decompose a Jacobian exactly; None to find leading components by products.

        ``auto`` predicts how long it will take, and logs its choice.

        Args:
            right: R, of shape (m, M).
            budget: bytes that may be taken beside the model, read once for all that follows.

        Raises:
            LayerError: no unit depends on the input here.
            NotEnoughMemoryError: ``exact`` is asked for, and the memory does not suffice.
        """
        if self.method == "krylov":
            return None
        if self.method == "exact" or len(find_active(right)) <= _FEW:
            return plan_exact(right, budget, self.folder)
        return self._weigh(right, find_active(right), budget)

    def _weigh(self, right: Jacobian, active: Int[Tensor, " a"], budget: int) -> ExactPlan | None:
        """Return a plan for what fits in memory and in time; None for products, with a line."""
        count = len(active)
        try:
            storage = plan_storage(right, count, budget, self.folder)
        except NotEnoughMemoryError as fault:
            _log.info("method krylov: %s; %s", fault, self._products(*product_seconds(right)))
            return None
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
            return None
        return ExactPlan(active, low, storage, self.folder)

    def _products(self, pull: float, push: float) -> str:
        """Say how long the products may take; their orthogonalization comes on top."""
        seconds = duration(self.products * (pull + push))
        return f"up to {self.products:,} products each way take {seconds} and more"
