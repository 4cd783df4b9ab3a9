"""The numbers of a surgery, as plain Python for JSON, and as a table for the terminal."""

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from specxai.affine import Target
from specxai.models import LoadedModel
from specxai.spectral.edits.causal_curve import CausalCurve
from specxai.spectral.edits.surgery import Surgery
from specxai.terminal.summary import Summary

# So many of the largest outputs, before and after, are listed behind the explained one.
_LEADING = 3


def summarize_surgery(
    surgery: Surgery, model: LoadedModel, curves: Sequence[CausalCurve]
) -> Summary:
    """Collect what a person wants to read of a surgery.

    Args:
        surgery: the result.
        model: the network, for its name and class names.
        curves: causal curves of the same explanation.

    Returns:
        Before, predicted and real value of the explained output (of several outputs their
        Euclidean norms) and of the largest ones, the gates that flip, and the curves.
    """
    explanation = surgery.explanation
    changed = (surgery.scales != 1).nonzero()[:, 0].tolist()
    return {
        "model": model.name,
        "place": explanation.layer_name,
        "title": f"{model.name}: {_named(explanation.target, model)}, at {explanation.layer_name}",
        "target": explanation.target,
        "exactness": explanation.exactness,
        "components": explanation.rank,
        "scales": {str(k): float(surgery.scales[k]) for k in changed},
        **_values(surgery),
        "outputs": _leading_outputs(surgery, model),
        "flips": [flip.to_dict() for flip in surgery.flips],
        "borders": surgery.borders,
        "reach": surgery.reach if math.isfinite(surgery.reach) else None,
        "curves": [
            {
                "order": curve.order,
                "counts": curve.counts.tolist(),
                "predictions": curve.predictions.tolist(),
                "answers": curve.answers.tolist(),
            }
            for curve in curves
        ],
    }


def surgery_table(summary: Summary) -> RenderableType:
    """Lay out a surgery: values before and after, and what became of the gates.

    Args:
        summary: the numbers, as `summarize_surgery` collects them.

    Returns:
        Something rich can print.
    """
    changed, count = len(summary["scales"]), summary["components"]
    heading = Text(
        f"{summary['title']}\n"
        f"{changed:,} of {count:,} components changed; affine map: {summary['exactness']}"
    )
    table = Table("")
    for name in ("before", "affine map", "real network", "difference"):
        table.add_column(name, justify="right")
    named = {row["name"]: row for row in summary["outputs"]}
    if summary["target"] is None:
        named = {"all outputs (norms)": summary, **named}
    for name, row in named.items():
        values = (f"{row[key]:+.5f}" for key in ("before", "predicted", "real"))
        table.add_row(Text(name), *values, f"{row['difference']:+.1e}")
    return Group(heading, table, Text(_gates(summary)))


def _values(surgery: Surgery) -> Summary:
    """Return the explained output before, predicted, real, and the difference of the two."""
    parts = {
        "before": surgery.explanation.output,
        "predicted": surgery.prediction,
        "real": surgery.answer,
        "difference": surgery.difference,
    }
    several = surgery.explanation.target is None
    return {name: float(part.norm() if several else part) for name, part in parts.items()}


def _leading_outputs(surgery: Surgery, model: LoadedModel) -> list[Summary]:
    """List the explained output, and where outputs are a row the largest before and after."""
    before = surgery.explanation.linearization.output[0].double()
    predicted, real = surgery.predictions[0], surgery.outputs[0]
    target = surgery.explanation.target
    listed = [] if target is None else [target]
    if real.ndim == 1:
        count = min(_LEADING, len(real))
        listed += [int(i) for values in (before, real) for i in values.topk(count).indices]
    return [
        {
            "name": _named(i, model),
            "before": float(before[i]),
            "predicted": float(predicted[i]),
            "real": float(real[i]),
            "difference": float(real[i] - predicted[i]),
        }
        for i in dict.fromkeys(listed)
    ]


def _named(target: Target, model: LoadedModel) -> str:
    """Name an output, by its class where it has one."""
    if target is None:
        return "all outputs"
    name = model.class_name(target)
    return f"output {target}" if name is None else f"output {target} '{name}'"


def _gates(summary: Summary) -> str:
    """Say in words whether the edit stays in the linear region."""
    if not summary["borders"]:
        return "no gate and no pool choice follows the layer"
    behind = f"{summary['borders']:,} borders of gates and pool choices behind the layer"
    if not summary["flips"]:
        return f"crosses none of {behind}: the edit stays in the linear region"
    crossed, calls = sum(flip["count"] for flip in summary["flips"]), len(summary["flips"])
    return (
        f"crosses {crossed:,} of {behind}, at {calls:,} operation call{'s' if calls > 1 else ''}; "
        f"the first after {summary['reach']:.2g} of the edit"
    )
