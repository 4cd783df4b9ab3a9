"""Tables for the terminal."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from specxai.affine import Layer
from specxai.terminal.summary import Summary

_TERMS = {
    "output": ("y", "the output explained"),
    "linear": ("u·x", "what is linear in the input"),
    "unresolved": ("not resolved", "Σα of the components that were not computed"),
    "bypass": ("bypass", "the part of u·x that goes around the layer"),
    "bias": ("b", "what the biases add"),
    "residual": ("residual", "y − Σα − bypass − b: rounding"),
}


def explanation_table(summary: Summary) -> RenderableType:
    """Lay out an explanation: the terms of the output, then its leading components.

    Args:
        summary: the numbers, as `specxai.terminal.summary.summarize` collects them.

    Returns:
        Something rich can print.
    """
    parts: list[RenderableType] = [_heading(summary), _terms(summary), _components(summary)]
    notes = [Text(f"{summary['method']}: {summary['note']}")] if summary["note"] else []
    return Group(*parts, *notes, *_conventions(summary), *_ties(summary))


def ledger_table(summary: Summary, most: int = 12) -> RenderableType:
    """Lay out a bias ledger, largest entries first.

    Args:
        summary: the numbers, as `specxai.terminal.summary.summarize_ledger` collects them.
        most: how many entries to list; the rest is one row.

    Returns:
        Something rich can print.
    """
    table = Table("operation call", title="b = Σ β + remainder", title_justify="left")
    table.add_column("β", justify="right")
    entries = summary["entries"]
    for entry in entries[:most]:
        table.add_row(escape(entry["site"]), f"{entry['contribution']:+.5f}")
    if len(entries) > most:
        rest = sum(entry["contribution"] for entry in entries[most:])
        table.add_row(f"{len(entries) - most:,} others", f"{rest:+.5f}")
    table.add_row("remainder", f"{summary['remainder']:+.1e}", end_section=True)
    table.add_row("b", f"{summary['bias']:+.5f}")
    return table


def strategies_table(rows: Sequence[Summary]) -> RenderableType:
    """Lay out the ways to explain an output with fewer components.

    Args:
        rows: the fields of each `specxai.spectral.Strategy`.

    Returns:
        Something rich can print.
    """
    table = Table("kept", title="The same result with fewer terms", title_justify="left")
    for name in ("terms", "Σ kept", "Σ left out", "largest share"):
        table.add_column(name, justify="right")
    for row in rows:
        terms = "never" if row["terms"] is None else f"{row['terms']:,}"
        kept, dropped = f"{row['total']:+.5f}", f"{row['dropped']:+.5f}"
        table.add_row(row["name"], terms, kept, dropped, f"{row['largest_share']:.1%}")
    return table


def layers_table(title: str, layers: Sequence[Layer], active: dict[str, int]) -> RenderableType:
    """Lay out the layers of a network.

    Args:
        title: what was looked at.
        layers: the layer calls, in order.
        active: number of active units by address.

    Returns:
        Something rich can print.
    """
    table = Table("layer", "type", title=title, caption="cut: every path crosses the layer")
    for name in ("shape", "units", "active", "cut"):
        table.add_column(name, justify="right")
    for layer in layers:
        found = active.get(layer.address)
        table.add_row(
            escape(layer.address),
            layer.type,
            "×".join(map(str, layer.shape[1:])) if layer.shape is not None else "no tensor",
            f"{layer.unit_count:,}" if layer.shape is not None else "",
            f"{found:,}" if found is not None else "not on path",
            "yes" if layer.cut else "no",
        )
    return table


def print_wide(rendered: RenderableType) -> None:
    """Print to standard output; never narrower than the tables are, also into a pipe."""
    console = Console()
    console.width = max(console.width, 100)
    console.print(rendered)


def _heading(summary: Summary) -> Text:
    target = summary["target"]
    what = "all outputs (norms)" if target is None else f"output {target}"
    if summary["class"] is not None:
        what += f" '{summary['class']}'"
    if summary["probability"] is not None:
        what += f", probability {summary['probability']:.3f}"
    place = f"{summary['place']}{'' if summary['cut'] else ' (no cut)'}"
    return Text(
        f"{summary['model']}: {what}, at {place}\n"
        f"{summary['units']:,} units, {summary['active_units']:,} active, "
        f"{summary['rank']:,} components, {summary['reduced_rank']:,} after cancellation; "
        f"affine map: {summary['exactness']}, in {summary['precision']}"
    )


def _terms(summary: Summary) -> Table:
    table = Table("term", box=None, pad_edge=False)
    table.add_column("value", justify="right")
    table.add_column("")
    for name, (symbol, meaning) in _TERMS.items():
        value = summary["terms"][name]
        if name == "unresolved" and value == 0:
            continue
        table.add_row(symbol, f"{value:.1e}" if name == "residual" else f"{value:+.5f}", meaning)
    return table


def _conventions(summary: Summary) -> list[Text]:
    """Say which operations are not piecewise linear, and what was made of them."""
    return [
        Text(
            f"{part['calls']:,} × {part['operation']}: {part['convention']}"
            f"{', frozen: ' + part['frozen'] if part['frozen'] else ''}"
        )
        for part in summary["conventions"]
    ]


def _ties(summary: Summary) -> list[Text]:
    """Say where the input stands exactly on a border between linear regions."""
    return [
        Text(f"tie: {tie['count']:,} of {tie['total']:,} borders of {tie['site']} pass through x")
        for tie in summary["ties"]
    ]


def _components(summary: Summary) -> Table:
    table = Table()
    for name in ("component k", "σ", "c = σ φ·x", "ψ", "α = ψ c", "reduced share"):
        table.add_column(name, justify="right")
    for part in summary["components"]:
        share = part["reduced_share"]
        table.add_row(
            f"{part['k']}{' (σ not unique)' if part['degenerate'] else ''}",
            f"{part['singular_value']:.4g}",
            f"{part['coefficient']:.4g}",
            f"{part['psi']:+.4g}",
            f"{part['contribution']:+.5f}",
            f"{share:.1%}" if share is not None else "cancelled",
        )
    if summary["other_components"]:
        count, rest = summary["other_components"], summary["other_contribution"]
        table.add_row(f"{count:,} others", "", "", "", f"{rest:+.5f}", "", end_section=True)
    return table
