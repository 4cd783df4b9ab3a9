"""What a person reads of an evolution and of a similarity: their numbers, and tables of them."""

import math
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Target
from specxai.spectral.svd.krylov import Goal
from specxai.survey import Alignment, Evolution, LayerSpectrum, Similarity
from specxai.table import Cell, Table, cells
from specxai.typed_json import record_of


@dataclass(frozen=True, eq=False)
class LayerNumbers:
    """One layer of an evolution, and how it lies to the one before; see `LayerSpectrum`.

    Attributes:
        singular_value: σ of the first of the leading components.
        contribution: its α.
        cosine: |φ·φ'| of the first vectors of the two layers; None at the first layer.
        principal_angles_deg: between the leading vectors of the two.
    """

    layer: str
    cut: bool
    units: int
    active_units: int
    rank: int
    complete: bool
    note: str
    top: Int[Tensor, " n"]
    singular_value: float
    contribution: float
    energy_share: float
    contribution_share: float
    effective_rank: float
    participation_ratio: float
    cosine: float | None
    principal_angles_deg: Float[Tensor, " n"] | None


@dataclass(frozen=True, eq=False)
class EvolutionSummary:
    """What a person wants to read of an evolution; see `Evolution`."""

    model: str
    target: Target
    exactness: str
    by: Goal
    layers: tuple[LayerNumbers, ...]


@dataclass(frozen=True)
class Group:
    """Results that look alike: their names, and the mean |cosine| between them."""

    members: tuple[str, ...]
    cohesion: float


def summarize_evolution(evolution: Evolution) -> EvolutionSummary:
    """Collect the numbers of each layer, and how it lies to the one before."""
    layers = map(_summarize_layer, evolution.layers, (None, *evolution.alignments))
    return record_of(EvolutionSummary, evolution, layers=tuple(layers))


def named_groups(similarity: Similarity) -> tuple[Group, ...]:
    """Return the groups of a similarity by the names of their members."""
    return tuple(
        Group(tuple(similarity.names[k] for k in group), similarity.cohesion(group))
        for group in similarity.groups
    )


def evolution_table(summary: EvolutionSummary) -> Table:
    """Lay out an evolution, one row for each layer."""
    leads = "σ" if summary.by == "singular_value" else "|α|"
    names = "units", "active", "r", "eff. rank", "σ", "of Σσ²", "of Σ|α|", "|φ·φ′|", "angles"
    title = f"{summary.model}: output {summary.target}; affine map: {summary.exactness}"
    first = f"σ and shares are those of the first component by {leads}; φ′ and the angles belong "
    bounds = (
        f"{layer.layer}: {layer.note}; shares and ranks are bounds"
        for layer in summary.layers
        if not layer.complete
    )
    notes = (f"{first}to the layer above.", *bounds)
    return Table(("layer", *names), tuple(map(_layer_row, summary.layers)), title, notes)


def similarity_table(similarity: Similarity) -> Table:
    """Lay out the groups of a similarity."""
    rows = (
        cells(
            str(number),
            f"{group.cohesion:.3f}" if len(group.members) > 1 else "",
            ", ".join(group.members),
        )
        for number, group in enumerate(named_groups(similarity), 1)
    )
    title = f"component {similarity.k} of {len(similarity.names):,} results"
    return Table(("group", "mean |φ·φ′|", "results"), tuple(rows), title, words=(2,))


def _summarize_layer(layer: LayerSpectrum, alignment: Alignment | None) -> LayerNumbers:
    return record_of(
        LayerNumbers,
        layer,
        units=layer.unit_count,
        active_units=layer.active_count,
        singular_value=float(layer.singular_values[layer.first]),
        contribution=float(layer.contributions[layer.first]),
        cosine=None if alignment is None else alignment.cosine,
        principal_angles_deg=None if alignment is None else alignment.angles.rad2deg(),
    )


def _layer_row(layer: LayerNumbers) -> tuple[Cell, ...]:
    most, least = ("", "") if layer.complete else ("≤ ", "≥ ")
    angles = [] if layer.principal_angles_deg is None else layer.principal_angles_deg.tolist()
    return cells(
        layer.layer + ("" if layer.cut else " (no cut)"),
        f"{layer.units:,}",
        f"{layer.active_units:,}",
        f"{least}{layer.rank:,}",
        _known(layer.effective_rank, ".1f", least),
        f"{layer.singular_value:.4g}",
        _known(layer.energy_share, ".1%", most),
        _known(layer.contribution_share, ".1%", most),
        _known(layer.cosine, ".3f"),
        " ".join(f"{angle:.0f}°" for angle in angles),
    )


def _known(value: float | None, form: str, sign: str = "") -> str:
    return "" if value is None or math.isnan(value) else f"{sign}{value:{form}}"
