"""The stages of an exact decomposition against the limits that the machine sets them."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from specxai.affine import Jacobian, linearize
from specxai.errors import InvalidInputError
from specxai.spectral import Krylov, explain_at
from specxai.spectral.split import split
from specxai.spectral.svd.estimate import estimate_exact, seconds_of
from specxai.spectral.svd.exact import find_active
from specxai_studies.benchmarks.cases import CASES

_ROUNDS = 5
_INNER = 8192  # columns of the float32 product that gives the rate


@dataclass(frozen=True)
class Stages:
    """Seconds of an exact decomposition by stage, and the least that they could take.

    Attributes:
        case: name of the case.
        active: number a of active rows.
        rows: seconds for the rows after the first block, with which the graph is built; their limit
            is as many samples of a plain batched forward pass.
        gram: seconds for R Rᵀ; its limit is a² M / 2 multiplications, the half that symmetry
            leaves, at the rate of a float32 product.
        eigenvectors: seconds for them; the limit is the same problem with a random matrix.
        whole: seconds of the whole explanation, linearization included.
        rows_limit: see above.
        gram_limit: see above.
        eigenvectors_limit: see above.
        estimate: seconds that the estimate of ``method="auto"`` foretells.
    """

    case: str
    active: int
    rows: float
    gram: float
    eigenvectors: float
    whole: float
    rows_limit: float
    gram_limit: float
    eigenvectors_limit: float
    estimate: float

    @property
    def shares(self) -> tuple[float, float, float]:
        """How close the rows and the Gram matrix come to their limits, and the whole to the sum.

        The first two are limit by time, at best 1; the last is time by limit.
        """
        limits = self.rows_limit + self.gram_limit + self.eigenvectors_limit
        return self.rows_limit / self.rows, self.gram_limit / self.gram, self.whole / limits


@dataclass(frozen=True)
class Calls:
    """Seconds of one explanation of a model, early and late.

    Attributes:
        case: name of the case.
        early: median of calls 2 to 6.
        late: median of calls 50 to 54.
    """

    case: str
    early: float
    late: float


def measure_stages(case: str) -> Stages:
    """Run a case once, its stages timed, and measure the limits before and after.

    Args:
        case: a name of `CASES`, with an exact decomposition that keeps its rows in memory.

    Raises:
        InvalidInputError: the case has no such stages, because its rank is low.
    """
    model, x = CASES[case].build()
    right = split(linearize(model, x), CASES[case].layer, 0).right
    count, block = len(find_active(right)), right.block
    estimate = estimate_exact(right, count).seconds
    before = _forward_seconds(right, block), _product_seconds(count)
    clock = _StageClock()
    begun = time.perf_counter()
    explain_at(linearize(model, x), CASES[case].layer, 0, "exact", progress=clock)
    whole = time.perf_counter() - begun
    after = _forward_seconds(right, block), _product_seconds(count)
    forward, product = ((a + b) / 2 for a, b in zip(before, after, strict=True))
    square = torch.randn(count, count, dtype=torch.float64)
    eigen = seconds_of(lambda: torch.linalg.eigh(square @ square.T))
    return Stages(
        case,
        count,
        clock.seconds("rows"),
        clock.seconds("Gram matrix"),
        clock.seconds("eigenvectors"),
        whole,
        (count - block) * forward,
        product * count**2 * right.shape[1] / 2,
        eigen,
        estimate,
    )


def measure_calls(case: str) -> Calls:
    """Explain a case again and again, by 8 products each time.

    Args:
        case: a name of `CASES`.
    """
    model, x = CASES[case].build()
    options = Krylov(n_components=1, products=8)

    def call() -> object:
        return explain_at(linearize(model, x), CASES[case].layer, 0, options)

    times = [seconds_of(call) for _ in range(54)]
    return Calls(case, statistics.median(times[1:6]), statistics.median(times[49:]))


class _StageClock:
    """Takes the times at which the stages of a run report."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._spent: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        first = stage == "rows" and stage not in self._spent  # with all that came before
        spent = self._spent.get(stage, 0.0)
        self._spent[stage] = spent if first else spent + now - self._last
        self._last = now

    def seconds(self, stage: str) -> float:
        """Return what was spent between a stage's reports and the report before them."""
        if stage not in self._spent:
            raise InvalidInputError(f"no stage {stage!r} to time: the rank of this case is low")
        return self._spent[stage]


def _forward_seconds(right: Jacobian, block: int) -> float:
    """Return the seconds of one sample of a plain forward pass, in blocks as the rows take."""
    layout = right.layout or torch.contiguous_format
    batch = right.x.expand(block, *right.x.shape[1:]).contiguous(memory_format=layout)
    with torch.no_grad():
        return _rate(lambda: right.function(batch)) / block


def _product_seconds(count: int) -> float:
    """Return the seconds of one multiplication and addition of a float32 product a × a."""
    left = torch.randn(count, _INNER)
    return _rate(lambda: left @ left.T) / (count**2 * _INNER)


def _rate(work: Callable[[], Tensor]) -> float:
    work()
    return statistics.median(seconds_of(work) for _ in range(_ROUNDS))
