"""What a person reads of a network itself: its layers, and the bias by operation calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specxai.affine import Layer, Ledger
from specxai.table import Table, cells


@dataclass(frozen=True)
class EntryNumbers:
    """What one operation call adds to the bias."""

    site: str
    contribution: float


@dataclass(frozen=True)
class LedgerSummary:
    """The bias b = Σ β + remainder, the largest β first; of several outputs Euclidean norms."""

    bias: float
    remainder: float
    entries: tuple[EntryNumbers, ...]


def summarize_ledger(ledger: Ledger) -> LedgerSummary:
    """Collect a bias ledger, largest entries first."""
    scalar = ledger.bias.ndim == 0
    return LedgerSummary(
        float(ledger.bias if scalar else ledger.bias.norm()),
        float(ledger.remainder if scalar else ledger.remainder.norm()),
        tuple(
            EntryNumbers(str(entry.address), float(entry.contribution) if scalar else entry.size)
            for entry in ledger.largest(len(ledger.entries))
        ),
    )


def ledger_table(summary: LedgerSummary, most: int = 12) -> Table:
    """Lay out a bias ledger, largest entries first.

    Args:
        summary: the numbers, as `summarize_ledger` collects them.
        most: how many entries to list; the rest is one row.
    """
    shown, others = summary.entries[:most], summary.entries[most:]
    rows = [cells(entry.site, f"{entry.contribution:+.5f}") for entry in shown]
    if others:
        rest = sum(entry.contribution for entry in others)
        rows.append(cells(f"{len(others):,} others", f"{rest:+.5f}"))
    rows.append(cells("remainder", f"{summary.remainder:+.1e}"))
    rows.append(cells("b", f"{summary.bias:+.5f}"))
    return Table(("operation call", "β"), tuple(rows), "b = Σ β + remainder", totals=1)


def layers_table(title: str, layers: Sequence[Layer], active: Mapping[str, int]) -> Table:
    """Lay out the layers of a network.

    Args:
        title: what was looked at.
        layers: the layer calls, in order.
        active: number of active units by address.
    """
    rows = (
        cells(
            layer.address,
            layer.type,
            "no tensor" if layer.shape is None else "×".join(map(str, layer.shape[1:])),
            "" if layer.shape is None else f"{layer.unit_count:,}",
            f"{active[layer.address]:,}" if layer.address in active else "not on path",
            "yes" if layer.cut else "no",
        )
        for layer in layers
    )
    columns = "layer", "type", "shape", "units", "active", "cut"
    note = "cut: every path crosses the layer"
    return Table(columns, tuple(rows), title, (note,), words=(0, 1))
