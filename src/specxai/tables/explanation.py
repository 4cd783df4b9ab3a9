"""What a person reads of an explanation: its numbers, and tables of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from specxai.affine import Target, Tie
from specxai.spectral import Decomposition, Strategy
from specxai.table import Table, cells
from specxai.typed_json import record_of


@dataclass(frozen=True)
class OutputTerms:
    """An output and its terms (20); of all outputs together their Euclidean norms."""

    output: float
    linear: float
    unresolved: float
    bypass: float
    bias: float
    residual: float


@dataclass(frozen=True)
class ConventionCalls:
    """How many calls of an operation needed a convention (14, 15), and what that holds fixed."""

    operation: str
    convention: str | None
    frozen: str | None
    calls: int


@dataclass(frozen=True)
class ComponentNumbers:
    """One component: its k, σ, c, ψ and α, and how far they are to be trusted.

    Attributes:
        residual: ‖R φ − σ U‖ / σ.
        reduced_share: after cancellation (21); None if nothing is left of the component.
        degenerate: whether others share its σ, so that only their sum is defined.
    """

    k: int
    singular_value: float
    coefficient: float
    psi: float
    contribution: float
    residual: float
    reduced_share: float | None
    degenerate: bool


@dataclass(frozen=True)
class ExplanationSummary:
    """What a person wants to read of an explanation; for what is not said see `Decomposition`.

    Attributes:
        place: where the network is split, in words.
        class_: name of the explained output, where it has one.
        probability: of that class.
        baseline: name of the baseline; None for the map at x alone.
        pointwise_linear: u·x of the map at x alone, beside a map from a baseline.
        components: those that lead by |α|, by reduced share or by σ.
        other_components: how many are not listed.
        other_contribution: Σα over these.
    """

    model: str
    layer: str | tuple[str, ...] | None
    place: str
    target: Target
    class_: str | None
    probability: float | None
    baseline: str | None
    pointwise_linear: float | None
    exactness: str
    precision: str
    conventions: tuple[ConventionCalls, ...]
    method: str
    note: str
    terms: OutputTerms
    ties: tuple[Tie, ...]
    cut: bool
    units: int
    active_units: int
    rank: int
    reduced_rank: int
    components: tuple[ComponentNumbers, ...]
    other_components: int
    other_contribution: float


def summarize(explanation: Decomposition, top: int) -> ExplanationSummary:
    """Collect what a person wants to read of an explanation.

    Args:
        explanation: the result.
        top: how many components each ranking contributes to the list.
    """
    components = _components(explanation, top)
    listed, alphas = [part.k for part in components], explanation.contributions
    return record_of(
        ExplanationSummary,
        explanation,
        place=explanation.layer_name,
        class_=explanation.target_name,
        baseline=explanation.baseline_name,
        pointwise_linear=explanation.pointwise_linear,
        conventions=_conventions(explanation),
        terms=terms_of(explanation),
        units=explanation.unit_count,
        active_units=explanation.active_count,
        reduced_rank=len(explanation.reduce().indices),
        components=components,
        other_components=explanation.rank - len(listed),
        other_contribution=float(alphas.sum() - alphas[listed].sum()),
    )


def explanation_tables(summary: ExplanationSummary) -> tuple[Table, Table]:
    """Lay out an explanation: the terms of the output, then its leading components."""
    return _terms_table(summary), _components_table(summary)


def strategies_table(strategies: Sequence[Strategy]) -> Table:
    """Lay out the ways to explain an output with fewer components."""
    rows = (
        cells(
            each.name,
            "never" if each.terms is None else f"{each.terms:,}",
            f"{each.total:+.5f}",
            f"{each.dropped:+.5f}",
            f"{each.largest_share:.1%}",
        )
        for each in strategies
    )
    columns = "kept", "terms", "Σ kept", "Σ left out", "largest share"
    return Table(columns, tuple(rows), "The same result with fewer terms")


def terms_of(explanation: Decomposition) -> OutputTerms:
    """Return an output and its terms as numbers; of all outputs together their norms."""
    terms, several = explanation.terms, explanation.target is None
    parts = {name: getattr(terms, name) for name in OutputTerms.__dataclass_fields__}
    return OutputTerms(
        **{name: float(part.norm() if several else part) for name, part in parts.items()}
    )


def _conventions(explanation: Decomposition) -> tuple[ConventionCalls, ...]:
    sites = explanation.conventional
    counts = Counter((site.operation, site.convention, site.frozen) for site in sites)
    return tuple(ConventionCalls(*told, calls) for told, calls in counts.items())


def _components(explanation: Decomposition, top: int) -> tuple[ComponentNumbers, ...]:
    reduction, spectrum = explanation.reduce(), explanation.spectrum
    clusters = spectrum.clusters
    shares = dict(zip(reduction.indices.tolist(), reduction.shares.tolist(), strict=True))
    leading = (
        explanation.top(top, by).tolist() for by in ("contribution", "reduced", "singular_value")
    )
    return tuple(
        ComponentNumbers(
            k,
            float(spectrum.singular_values[k]),
            float(spectrum.coefficients[k]),
            float(spectrum.psi[k]),
            float(explanation.contributions[k]),
            float(spectrum.residual_norms[k]),
            shares.get(k),
            int((clusters == clusters[k]).sum()) > 1,
        )
        # A dict, to keep the first of equal entries in place.
        for k in dict.fromkeys(k for indices in leading for k in indices)
    )


_LINEAR = "u·x", "b", "what the biases add"


def _terms_table(summary: ExplanationSummary) -> Table:
    """Lay out the terms of the output under a title that says what it is."""
    target, terms = summary.target, summary.terms
    what = "all outputs (norms)" if target is None else f"output {target}"
    what += "" if summary.class_ is None else f" '{summary.class_}'"
    what += "" if summary.probability is None else f", probability {summary.probability:.3f}"
    size = (
        f"{summary.units:,} units, {summary.active_units:,} active, "
        f"{summary.rank:,} components, {summary.reduced_rank:,} after cancellation; "
        f"affine map: {summary.exactness}, in {summary.precision}"
    )
    ux, b, meaning = _LINEAR
    if summary.baseline is not None:
        ux, b, meaning = "u·(x − x₀)", "y₀", f"the output at the baseline x₀ ({summary.baseline})"
    missing = "not resolved − " if terms.unresolved else ""
    rows = [
        cells("y", f"{terms.output:+.5f}", "the output explained"),
        cells(ux, f"{terms.linear:+.5f}", "what is linear in the input"),
        cells("bypass", f"{terms.bypass:+.5f}", f"the part of {ux} that goes around the layer"),
        cells(b, f"{terms.bias:+.5f}", meaning),
        cells("residual", f"{terms.residual:.1e}", f"y − Σα − {missing}bypass − {b}: rounding"),
    ]
    if summary.pointwise_linear is not None:
        rows.append(
            cells("u·x at x alone", f"{summary.pointwise_linear:+.5f}", "without a baseline")
        )
    if terms.unresolved:
        missing = "Σα of the components that were not computed"
        rows.insert(2, cells("not resolved", f"{terms.unresolved:+.5f}", missing))
    title = f"{summary.model}: {what}, at {summary.place}{'' if summary.cut else ' (no cut)'}"
    return Table(("term", "value", ""), tuple(rows), title, (size,), words=(0, 2))


def _components_table(summary: ExplanationSummary) -> Table:
    rows = [
        cells(
            f"{part.k}{' (σ not unique)' if part.degenerate else ''}",
            f"{part.singular_value:.4g}",
            f"{part.coefficient:.4g}",
            f"{part.psi:+.4g}",
            f"{part.contribution:+.5f}",
            "cancelled" if part.reduced_share is None else f"{part.reduced_share:.1%}",
        )
        for part in summary.components
    ]
    if summary.other_components:
        rest = f"{summary.other_contribution:+.5f}"
        rows.append(cells(f"{summary.other_components:,} others", "", "", "", rest, ""))
    step = "x" if summary.baseline is None else "(x − x₀)"
    columns = "component k", "σ", f"c = σ φ·{step}", "ψ", "α = ψ c", "reduced share"
    return Table(columns, tuple(rows), notes=_notes(summary), words=())


def _notes(summary: ExplanationSummary) -> tuple[str, ...]:
    """Say how it was computed, what is not piecewise linear, and what stands on a border."""
    computed = [f"{summary.method}: {summary.note}"] if summary.note else []
    conventions = (
        f"{part.calls:,} × {part.operation}: {part.convention}"
        f"{f', frozen: {part.frozen}' if part.frozen else ''}"
        for part in summary.conventions
        if part.convention != "baseline"  # every call that bends: the map's name says it
    )
    # A map from a baseline knows no borders.
    ties = (
        f"tie: {tie.count:,} of {tie.total:,} borders of {tie.address} pass through x"
        for tie in (summary.ties if summary.baseline is None else ())
    )
    return *computed, *conventions, *ties
