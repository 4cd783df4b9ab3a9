"""What a person reads of a surgery: its numbers, and a table of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Flip, Target
from specxai.models import LoadedModel
from specxai.spectral import CausalCurve, Surgery
from specxai.spectral.edits.causal_curve import CausalOrder
from specxai.table import Cell, Table, cells
from specxai.typed_json import record_of

# So many of the largest outputs, before and after, are listed behind the explained one.
_LEADING = 3


@dataclass(frozen=True)
class OutputChange:
    """One output before the edit, by the affine map and by the real network after it."""

    name: str
    before: float
    predicted: float
    real: float
    difference: float


@dataclass(frozen=True, eq=False)
class CurveNumbers:
    """A causal curve without what its figure does not show; see `CausalCurve`."""

    order: CausalOrder
    counts: Int[Tensor, " p"]
    predictions: Float[Tensor, "p ..."]
    answers: Float[Tensor, "p ..."]


@dataclass(frozen=True, eq=False)
class SurgerySummary:
    """What a person wants to read of a surgery; see `Surgery` for what is not said here.

    Attributes:
        components: how many there are.
        scales: of those that are changed, by number.
        before: the explained output; of several outputs it and the next three numbers are norms.
        outputs: the explained one and the largest ones.
        reach: None if no gate ever flips.
    """

    model: str
    place: str
    title: str
    target: Target
    exactness: str
    components: int
    scales: dict[str, float]
    before: float
    predicted: float
    real: float
    difference: float
    outputs: tuple[OutputChange, ...]
    flips: tuple[Flip, ...]
    borders: int
    reach: float | None
    curves: tuple[CurveNumbers, ...]


def summarize_surgery(
    surgery: Surgery, model: LoadedModel, curves: Sequence[CausalCurve]
) -> SurgerySummary:
    """Collect what a person wants to read of a surgery.

    Args:
        surgery: the result.
        model: the network, for its name and class names.
        curves: causal curves of the same explanation.
    """
    explanation = surgery.explanation
    parts = explanation.output, surgery.prediction, surgery.answer, surgery.difference
    several = explanation.target is None
    before, predicted, real, difference = (
        float(part.norm() if several else part) for part in parts
    )
    changed = (surgery.scales != 1).nonzero()[:, 0].tolist()
    return record_of(
        SurgerySummary,
        surgery,
        model=model.name,
        place=explanation.layer_name,
        title=f"{model.name}: {_named(explanation.target, model)}, at {explanation.layer_name}",
        target=explanation.target,
        exactness=explanation.exactness,
        components=explanation.rank,
        scales={str(k): float(surgery.scales[k]) for k in changed},
        before=before,
        predicted=predicted,
        real=real,
        difference=difference,
        outputs=_leading_outputs(surgery, model),
        reach=surgery.reach if math.isfinite(surgery.reach) else None,
        curves=tuple(record_of(CurveNumbers, each) for each in curves),
    )


def surgery_table(summary: SurgerySummary) -> Table:
    """Lay out a surgery: values before and after, and what became of the gates."""
    outputs = summary.outputs
    if summary.target is None:
        values = summary.before, summary.predicted, summary.real, summary.difference
        outputs = OutputChange("all outputs (norms)", *values), *outputs
    size = (
        f"{len(summary.scales):,} of {summary.components:,} components changed; "
        f"affine map: {summary.exactness}"
    )
    columns = "", "before", "affine map", "real network", "difference"
    return Table(columns, tuple(map(_row, outputs)), summary.title, (size, _gates(summary)))


def _row(output: OutputChange) -> tuple[Cell, ...]:
    values = (f"{value:+.5f}" for value in (output.before, output.predicted, output.real))
    return cells(output.name, *values, f"{output.difference:+.1e}")


def _leading_outputs(surgery: Surgery, model: LoadedModel) -> tuple[OutputChange, ...]:
    """List the explained output, and where outputs are a row the largest before and after."""
    before = surgery.explanation.linearization.output[0].double()
    predicted, real = surgery.predictions[0], surgery.outputs[0]
    target = surgery.explanation.target
    listed = [] if target is None else [target]
    if real.ndim == 1:
        count = min(_LEADING, len(real))
        listed += [int(i) for values in (before, real) for i in values.topk(count).indices]
    return tuple(
        OutputChange(
            _named(i, model),
            float(before[i]),
            float(predicted[i]),
            float(real[i]),
            float(real[i] - predicted[i]),
        )
        for i in dict.fromkeys(listed)
    )


def _named(target: Target, model: LoadedModel) -> str:
    """Name an output, by its class where it has one."""
    if target is None:
        return "all outputs"
    name = model.class_name(target)
    return f"output {target}" if name is None else f"output {target} '{name}'"


def _gates(summary: SurgerySummary) -> str:
    """Say in words whether the edit stays in the linear region."""
    if not summary.borders:
        return "no gate and no pool choice follows the layer"
    behind = f"{summary.borders:,} borders of gates and pool choices behind the layer"
    if not summary.flips:
        return f"crosses none of {behind}: the edit stays in the linear region"
    crossed, calls = sum(flip.count for flip in summary.flips), len(summary.flips)
    return (
        f"crosses {crossed:,} of {behind}, at {calls:,} operation call{'s' if calls > 1 else ''}; "
        f"the first after {summary.reach:.2g} of the edit"
    )
