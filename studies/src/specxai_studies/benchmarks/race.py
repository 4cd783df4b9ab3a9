"""The components of a map from a baseline beside sampled attributions: time and passes."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from specxai.affine import Linearization, NamedBaseline, linearize
from specxai.compare import prepare
from specxai.compare.attribution import Attribution, Instance, Method, Passes
from specxai.compare.comparison import run_method
from specxai.errors import InvalidInputError
from specxai.spectral import Krylov, explain_at
from specxai_studies.benchmarks.cases import CASES
from specxai_studies.benchmarks.processor import one_thread, processor_seconds
from specxai_studies.benchmarks.sampled import UNIT, sampled_methods

BASELINES: tuple[NamedBaseline, ...] = ("blur", "zero")
SEARCH, KNOWN = "specxai, number searched for", "specxai, number known"
# The components of largest |α| are enough when they add up to y − y₀ but for this share.
_LEFT_OVER = 0.1
_FIRST, _STEP, _MOST = 8, 4, 64
_PRODUCTS = 400


@dataclass(frozen=True)
class Run:
    """One run of one method.

    Attributes:
        seconds: of processor time, on one thread.
        forward: samples that went forward through the network; a product with R is one of them.
        backward: samples that went backward; a product with Rᵀ is one of them.
        share: what the attribution, or the components, add up to, as a share of y − y₀; None where
            the method promises nothing.
        pushed: products with R.
        pulled: products with Rᵀ.
        components: how many were asked for at last.
        needed: how many of them, the first first, hold 90 % of y − y₀.
        error: why there is no result; empty if there is one.
    """

    seconds: float
    forward: int
    backward: int
    share: float | None = None
    pushed: int = 0
    pulled: int = 0
    components: int = 0
    needed: int = 0
    error: str = ""


@dataclass(frozen=True)
class Race:
    """The runs of all methods on one case.

    Attributes:
        case: name of the case.
        baseline: name of the baseline.
        runs: of each method, the rounds in their order.
    """

    case: str
    baseline: str
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@one_thread()
def run_race(
    case: str,
    baseline: NamedBaseline,
    rounds: int = 3,
    fast: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Race:
    """Run ours and the sampled methods in one process, every second round in reverse.

    Ours asks for 8 components of largest |α|, then for 12 and so on, until all have converged and
    hold 90 % of y − y₀, neither less nor as much too much. What the last of these steps takes with
    the linearization is noted beside the whole search.

    Args:
        case: a name of `CASES`, of a picture and a row of classes.
        baseline: which one the map leads from, and the others too.
        rounds: how many times each.
        fast: fewer samples for the others.
        report: told of every run.
    """
    if case not in CASES:
        raise InvalidInputError(f"no case {case!r}: choose from {', '.join(CASES)}")
    model, x = CASES[case].build()
    start = linearize(model, x, baseline=baseline).baseline
    instance, _ = prepare(model, x, baseline=start)
    change = instance.totals["y − y₀"]
    methods = sampled_methods(fast)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in (SEARCH, KNOWN)}
    runs |= {method.name: [] for method in methods}

    def ours() -> None:
        for name, run in zip((SEARCH, KNOWN), _search(instance, CASES[case].layer), strict=True):
            note(name, run)

    def note(name: str, run: Run) -> None:
        runs[name].append(asdict(run))
        report(f"{case} from {baseline}: {name}: {run.error or format(run.seconds, '.1f') + ' s'}")

    def theirs(method: Method) -> Callable[[], None]:
        return lambda: note(method.name, _sampled(instance, method, change))

    turns = [ours, *map(theirs, methods)]
    for number in range(rounds):
        for turn in turns if number % 2 == 0 else turns[::-1]:
            turn()
    return Race(case, baseline, runs)


def race_ratio(runs: dict[str, list[dict[str, Any]]], name: str) -> float | None:
    """Return the median over the rounds of a method's time by that of the unit; None without."""
    pairs = zip(runs[name], runs[UNIT], strict=True)
    ratios = [a["seconds"] / b["seconds"] for a, b in pairs if not a["error"] and not b["error"]]
    return statistics.median(ratios) if ratios else None


def needed(shares: Sequence[float]) -> int:
    """Return how many leading components add up to all but a tenth; 0 if no number of them does.

    Args:
        shares: of each, first the first; they may have either sign.

    >>> needed([0.7, 0.6, -0.35, 0.02])
    3
    """
    total = 0.0
    for number, share in enumerate(shares, 1):
        total += share
        if abs(1.0 - total) <= _LEFT_OVER:
            return number
    return 0


def _search(instance: Instance, layer: str | None) -> tuple[Run, Run]:
    """Ask for more and more components; return all of it, and its last step alone."""
    begun, lin = _linearized(instance)
    whole = begun
    for count in range(_FIRST, _MOST + 1, _STEP):
        step, shares = _components(instance, lin, layer, count)
        whole = _joined(whole, step)
        if step.needed or len(shares) < count:
            break
    last = _joined(begun, step)
    if not step.needed:
        fault = f"{len(shares)} of {count} components hold {step.share:.0%}"
        return replace(whole, error=fault), replace(last, error=fault)
    return whole, last


def _linearized(instance: Instance) -> tuple[Run, Linearization]:
    passes, begun = Passes(), time.process_time()
    with passes.watch(instance.model):
        lin = linearize(instance.model, instance.x, baseline=instance.baseline)
    return Run(time.process_time() - begun, passes.forward, passes.backward), lin


def _components(
    instance: Instance, lin: Linearization, layer: str | None, count: int
) -> tuple[Run, list[float]]:
    """Find components of largest |α|, and return their shares of y − y₀ too."""
    solver = Krylov(n_components=count, by="contribution", products=_PRODUCTS)
    passes, begun = Passes(), time.process_time()
    with passes.watch(instance.model):
        ex = explain_at(lin, layer, instance.target, solver)
    seconds, done = time.process_time() - begun, ex.split.right.products
    shares = (ex.contributions[ex.top(count)] / ex.linear).tolist()
    forward, backward = passes.forward + done.pushed, passes.backward + done.pulled
    enough = needed(shares) if len(shares) == count else 0
    run = Run(seconds, forward, backward, sum(shares), done.pushed, done.pulled, count, enough)
    return run, shares


def _joined(first: Run, second: Run) -> Run:
    """Return two runs as one, with the components of the second."""
    return replace(
        second,
        seconds=first.seconds + second.seconds,
        forward=first.forward + second.forward,
        backward=first.backward + second.backward,
        pushed=first.pushed + second.pushed,
        pulled=first.pulled + second.pulled,
    )


def _sampled(instance: Instance, method: Method, change: float) -> Run:
    told: list[Attribution] = []
    seconds = processor_seconds(lambda: told.append(run_method(instance, method)))
    (found,) = told
    share = None if found.map is None or not method.total else found.sum / change
    return Run(seconds, found.forward, found.backward, share, error=found.refusal)
