"""What a baseline costs: the same work with the map from one, and with the map at x."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from specxai.affine import Jacobian, Linearization, NamedBaseline, linearize
from specxai.errors import InvalidInputError
from specxai_studies.benchmarks.cases import CASES
from specxai_studies.benchmarks.processor import one_thread, processor_seconds

# The cases of which the others are variants.
BASELINE_CASE = "efficientnet-lite0/_swish#2"
OVERHEAD_CASES = (BASELINE_CASE, "resnet18/layer4")

_COTANGENTS = 16


@dataclass(frozen=True)
class Overhead:
    """Processor time with a baseline by that without, medians over rounds.

    Attributes:
        case: name of the case.
        baseline: name of the baseline.
        rounds: how many.
        linearize: the whole of `specxai.linearize`.
        pulled: 16 products with Rᵀ at the layer, after a first that finds out how.
        pushed: one product with R at the layer, likewise.
        network_pulled: the same with u, the whole network.
        network_pushed: likewise.
    """

    case: str
    baseline: str
    rounds: int
    linearize: float
    pulled: float
    pushed: float
    network_pulled: float
    network_pushed: float


@one_thread()
def measure_overhead(
    case: str,
    baseline: NamedBaseline = "blur",
    rounds: int = 5,
    report: Callable[[str], None] = lambda line: None,
) -> Overhead:
    """Time products with and without a baseline in turns, every second round in reverse.

    Args:
        case: a name of `CASES`.
        baseline: which one.
        rounds: how many.
        report: told of every ratio.
    """
    if case not in CASES:
        raise InvalidInputError(f"no case {case!r}: choose from {', '.join(CASES)}")
    model, x = CASES[case].build()
    makers = [partial(linearize, model, x, baseline=which) for which in (baseline, None)]
    through, at_x = (make() for make in makers)

    def told(name: str, ratio: float) -> float:
        report(f"{case}: {name} {ratio:.2f}")
        return ratio

    ratios = [told("linearize", _ratio(makers[0], makers[1], rounds))]
    for layer in (CASES[case].layer, None):
        pair = [_products(lin, layer) for lin in (through, at_x)]
        for number, name in enumerate((f"{_COTANGENTS} pulled", "1 pushed")):
            ratio = _ratio(pair[0][number], pair[1][number], rounds)
            ratios.append(told(f"{name} at {layer or 'the network'}", ratio))
    return Overhead(case, baseline, rounds, *ratios)


def _products(
    lin: Linearization, layer: str | None
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return what pulls 16 cotangents back, and what pushes one tangent forward."""
    right = lin.right(layer)
    generator = torch.Generator().manual_seed(0)
    W, v = (
        torch.randn(k, n, generator=generator, dtype=right.x.dtype)
        for k, n in zip((_COTANGENTS, 1), right.shape, strict=True)
    )
    return partial(_pull, right, W), partial(_push, right, v)


def _pull(right: Jacobian, W: torch.Tensor) -> None:
    for _ in right.pulled(W.split(right.block)):
        pass


def _push(right: Jacobian, v: torch.Tensor) -> None:
    for _ in right.pushed([v]):
        pass


def _ratio(first: Callable[[], object], second: Callable[[], object], rounds: int) -> float:
    """Return the median over the rounds of the time of the first by that of the second."""
    first(), second()  # graphs are built, pages are touched
    ratios = []
    for number in range(rounds):
        if number % 2 == 0:
            with_, without = processor_seconds(first), processor_seconds(second)
        else:
            without, with_ = processor_seconds(second), processor_seconds(first)
        ratios.append(with_ / without)
    return statistics.median(ratios)
