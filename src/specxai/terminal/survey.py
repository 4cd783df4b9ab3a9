"""An evolution and a similarity shown to a person: plain Python for JSON, and tables."""

import math

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from specxai.survey import Evolution, LayerSpectrum, Similarity
from specxai.terminal.summary import Summary


def summarize_evolution(evolution: Evolution) -> Summary:
    """Collect what a person wants to read of an evolution.

    Args:
        evolution: the result.

    Returns:
        The numbers of each layer, and how it lies to the one before; None for what is not known.
    """
    before = [None, *evolution.alignments]
    return {
        "model": evolution.model,
        "target": evolution.target,
        "exactness": evolution.exactness,
        "by": evolution.by,
        "layers": [
            {
                **_summarize_layer(layer),
                "cosine": alignment and alignment.cosine,
                "principal_angles_deg": alignment and alignment.angles.rad2deg().tolist(),
            }
            for layer, alignment in zip(evolution.layers, before, strict=True)
        ],
    }


def summarize_similarity(similarity: Similarity) -> Summary:
    """Collect a similarity: matrix, signs, order and groups, by names.

    Args:
        similarity: the result.
    """
    return {
        "names": similarity.names,
        "k": similarity.k,
        "by": similarity.by,
        "absolute": similarity.absolute,
        "threshold": similarity.threshold,
        "matrix": similarity.matrix.tolist(),
        "signs": similarity.signs.tolist(),
        "order": similarity.order.tolist(),
        "groups": [
            {
                "members": [similarity.names[member] for member in group],
                "cohesion": similarity.cohesion(group),
            }
            for group in similarity.groups
        ],
    }


def evolution_table(summary: Summary) -> RenderableType:
    """Lay out an evolution, one row for each layer.

    Args:
        summary: the numbers, as `summarize_evolution` collects them.

    Returns:
        Something rich can print.
    """
    target = summary["target"]
    title = f"{summary['model']}: output {target}; affine map: {summary['exactness']}"
    table = Table("layer", title=title, title_justify="left")
    for name in ("units", "active", "r", "eff. rank", "σ", "of Σσ²", "of Σ|α|", "|φ·φ′|", "angles"):
        table.add_column(name, justify="right")
    for row in summary["layers"]:
        complete, angles = row["complete"], row["principal_angles_deg"]
        most, least = ("", "") if complete else ("≤ ", "≥ ")
        table.add_row(
            escape(row["layer"]) + ("" if row["cut"] else " (no cut)"),
            f"{row['units']:,}",
            f"{row['active_units']:,}",
            f"{least}{row['rank']:,}",
            _known(row["effective_rank"], ".1f", least),
            f"{row['singular_value']:.4g}",
            _known(row["energy_share"], ".1%", most),
            _known(row["contribution_share"], ".1%", most),
            _known(row["cosine"], ".3f"),
            "" if angles is None else " ".join(f"{angle:.0f}°" for angle in angles),
        )
    notes = [
        Text(f"{row['layer']}: {row['note']}; shares and ranks are bounds")
        for row in summary["layers"]
        if not row["complete"]
    ]
    leads = "σ" if summary["by"] == "singular_value" else "|α|"
    first = f"σ and shares are those of the first component by {leads}; φ′ and the angles belong "
    return Group(table, Text(first + "to the layer above."), *notes)


def similarity_table(summary: Summary) -> RenderableType:
    """Lay out the groups of a similarity.

    Args:
        summary: the numbers, as `summarize_similarity` collects them.

    Returns:
        Something rich can print.
    """
    title = f"component {summary['k']} of {len(summary['names']):,} results"
    table = Table(title=title, title_justify="left")
    table.add_column("group", justify="right")
    table.add_column("mean |φ·φ′|", justify="right")
    table.add_column("results")
    for number, group in enumerate(summary["groups"], 1):
        members = group["members"]
        mean = f"{group['cohesion']:.3f}" if len(members) > 1 else ""
        table.add_row(str(number), mean, escape(", ".join(members)))
    return table


def _summarize_layer(layer: LayerSpectrum) -> Summary:
    measures = ("energy_share", "contribution_share", "effective_rank", "participation_ratio")
    found = {name: getattr(layer, name) for name in measures}
    return {
        "layer": layer.layer,
        "cut": layer.cut,
        "units": layer.unit_count,
        "active_units": layer.active_count,
        "rank": layer.rank,
        "complete": layer.complete,
        "note": layer.note,
        "top": layer.top.tolist(),
        "singular_value": float(layer.singular_values[layer.first]),
        "contribution": float(layer.contributions[layer.first]),
        # NaN is no JSON.
        **{name: None if math.isnan(value) else value for name, value in found.items()},
    }


def _known(value: float | None, form: str, sign: str = "") -> str:
    return "" if value is None else f"{sign}{value:{form}}"
