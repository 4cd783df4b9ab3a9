"""The components of a map from a baseline beside sampled attributions: time and passes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from specxai.affine import NamedBaseline, linearize
from specxai.compare import prepare
from specxai.compare.attribution import Attribution, Instance, Method, Passes
from specxai.compare.comparison import run_method
from specxai.errors import InvalidInputError
from specxai.spectral import Krylov, explain_at
from specxai_studies.benchmarks.cases import CASES
from specxai_studies.benchmarks.processor import one_thread, processor_seconds
from specxai_studies.benchmarks.sampled import UNIT, sampled_methods

BASELINES: tuple[NamedBaseline, ...] = ("blur", "zero")
OURS = "specxai"
_SOLVER = Krylov(n_components=64, by="contribution", products=400, share=0.9)


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
        components: how many were found.
        error: why there is no result; empty if there is one.
    """

    seconds: float
    forward: int
    backward: int
    share: float | None = None
    pushed: int = 0
    pulled: int = 0
    components: int = 0
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

    Ours looks for the components of largest |α| until those that add up to 90 % of y − y₀ have
    converged, the linearization included.

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
    runs: dict[str, list[dict[str, Any]]] = {
        name: [] for name in (OURS, *(m.name for m in methods))
    }

    def ours() -> None:
        note(OURS, _ours(instance, CASES[case].layer))

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


def _ours(instance: Instance, layer: str | None) -> Run:
    passes, begun = Passes(), time.process_time()
    with passes.watch(instance.model):
        lin = linearize(instance.model, instance.x, baseline=instance.baseline)
        ex = explain_at(lin, layer, instance.target, _SOLVER)
    seconds, done = time.process_time() - begun, ex.split.right.products
    share = float(ex.contributions.sum() / ex.linear)
    return Run(
        seconds,
        passes.forward + done.pushed,
        passes.backward + done.pulled,
        share,
        done.pushed,
        done.pulled,
        len(ex.contributions),
        error=ex.note if "converged" in ex.note else "",
    )


def _sampled(instance: Instance, method: Method, change: float) -> Run:
    told: list[Attribution] = []
    seconds = processor_seconds(lambda: told.append(run_method(instance, method)))
    (found,) = told
    share = None if found.map is None or not method.total else found.sum / change
    return Run(seconds, found.forward, found.backward, share, error=found.refusal)
