"""What must hold on any network in float64: the affine map, its parts, and its derivative."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from specxai import Linearization, linearize
from specxai.affine import Baseline, RuleChoice
from specxai.affine.layers import cut_layers
from sweep.case import Case
from sweep.cuts import measure_cuts, measure_rows
from sweep.differences import difference
from sweep.findings import BOUNDS, Findings

# After so many seconds no further layer is taken.
_ENOUGH = 20.0
_JITTER = 1e-3


@dataclass(frozen=True)
class Sums:
    """What must add up, as shares of what it is measured on.

    Attributes:
        additivity: y_j − (u_j·x + b_j), u_j by the vector-, b_j by the Jacobian-vector product, on
            the largest of the three: where two large terms cancel in y_j, their rounding does not.
        ledger: b_j − Σβ.
        adjointness: ⟨u v, w⟩ − ⟨v, uᵀ w⟩.
    """

    additivity: float
    ledger: float
    adjointness: float


def linearized(
    case: Case, rule: RuleChoice = "tangent", baseline: Baseline = None
) -> Linearization:
    """Return the affine map of a network at its input, or from a baseline to it."""
    options = {"wrt": case.wrt, "forward": case.forward}
    return linearize(case.model, case.inputs, rule, baseline=baseline, **options)


def measure_sums(lin: Linearization) -> Sums:
    """Measure whether the affine map, the ledger and both products agree."""
    y = lin.output.flatten().double()
    j = int(y.argmax())
    e = torch.zeros_like(lin.output).flatten()
    e[j] = 1
    linear = (lin.vjp(e.reshape(lin.output.shape)).double() * lin.displacement.double()).sum()
    bias = lin.bias().flatten().double()[j]
    place = torch.unravel_index(torch.tensor(j), lin.output.shape[1:])
    ledger = lin.ledger(tuple(int(index) for index in place))
    return Sums(
        float((y[j] - linear - bias).abs() / max(y.abs().max(), linear.abs(), bias.abs())),
        float(ledger.remainder.abs() / max(abs(ledger.bias), y[j].abs())),
        measure_adjointness(lin),
    )


def measure_cut_sums(lin: Linearization) -> float:
    """Return the largest error of L R (x − x₀) + y₀ at any cut, as a share of y and y₀."""
    scale = max(lin.output.abs().max(), lin.bias().abs().max())
    worst = 0.0
    for layer in cut_layers(lin):
        right = lin.right(layer.address)
        through = lin.left(layer.address, right.value).push(right.image.to(right.value)[None])
        off = lin.output - lin.bias() - through.reshape(lin.output.shape)
        worst = max(worst, float(off.abs().max() / scale))
    return worst


def measure_adjointness(lin: Linearization) -> float:
    """Return ⟨u v, w⟩ − ⟨v, uᵀ w⟩ as a share of ‖u v‖ ‖w‖, for one random pair."""
    v, w = _random(lin.x), _random(lin.output)
    pushed, pulled = lin.jvp(v).double(), lin.vjp(w).double()
    scale = pushed.norm() * w.double().norm()
    return float(((pushed * w).sum() - (v * pulled).sum()).abs() / scale)


def measure(name: str, case: Case) -> Findings:
    """Measure a network in float64.

    Args:
        name: of the network.
        case: the network, in float64 and eval mode.

    Returns:
        All errors, with what was raised on the way.
    """
    findings, begun = Findings(name), time.monotonic()
    with findings.stage("linearize"):
        lin = linearized(case)
        findings.exactness, findings.sites = lin.exactness, len(lin.sites)
        _measure_map(findings, lin, case)
        findings.layers = measure_cuts(findings, lin, begun + _ENOUGH)
    findings.seconds = round(time.monotonic() - begun, 1)
    return findings


def _measure_map(findings: Findings, lin: Linearization, case: Case) -> None:
    with findings.stage("y = u·x + b"):
        sums = measure_sums(lin)
        findings.note_error("additivity", sums.additivity)
        if any(site.hidden for site in lin.sites):  # its offset is in the remainder, as is said
            findings.note = f"operations are hidden: the ledger is open by {sums.ledger:.0e}"
        else:
            findings.note_error("ledger", sums.ledger)
        findings.note_error("adjointness", sums.adjointness)
    with findings.stage("rows of u"):
        findings.note_error("batch", measure_rows(lin.jacobian))
    with findings.stage("difference"):
        _measure_difference(findings, lin, case)


def _measure_difference(findings: Findings, lin: Linearization, case: Case) -> None:
    """Compare u v with central differences; beside a kink where x itself stands on one.

    A derivative that is frozen by convention is none to compare with.
    """
    v = _random(lin.x)
    error, falling = difference(_function(lin, case), lin.x, lin.jvp, v)
    if "frozen" in lin.exactness:
        findings.note = f"parts are frozen: beside the difference u v is off by {error:.0e}"
        return
    if error > BOUNDS["difference"] and not falling:
        near = linearized(case.at(lin.x + _JITTER * _random(lin.x, 1)))
        beside, falling = difference(_function(near, case), near.x, near.jvp, v)
        if beside <= BOUNDS["difference"]:
            findings.note = f"x stands on a kink ({error:.0e} there): difference beside it"
            error = beside
    if error > BOUNDS["difference"] and falling:
        findings.note = f"kinks at every step: the difference falls to {error:.0e} and further"
        return
    findings.note_error("difference", error)


def _function(lin: Linearization, case: Case) -> Callable[[Tensor], Tensor]:
    """Return the untouched network as a function of its input.

    If it rounds to float32 inside, no difference of it is good: then as it is without that.
    """
    if "in place of" in lin.precision:
        return lin.network
    return lambda x: case.call(case.at(x).inputs)


def _random(like: Tensor, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(like.shape, generator=generator).to(like)
