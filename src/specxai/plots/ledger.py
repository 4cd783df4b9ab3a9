"""The bias ledger as a bar chart by depth."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from specxai.affine import Ledger
from specxai.plots.bars import draw_bars
from specxai.plots.style import INK, SMALL, TITLE

# More bars than this are unreadable: operation calls are then summed over modules.
_MOST_BARS = 48
_LONGEST_NAME = 52


def ledger_figure(ledger: Ledger, title: str = "Bias ledger") -> Figure:
    """Draw what each operation call adds to the output by its offset, from input to output.

    Long ledgers are summed over modules, as deep in their paths as there is room.

    Args:
        ledger: the bias of one output by calls; of several outputs the Euclidean norms are drawn.
        title: what to write above.

    Returns:
        A figure with one bar for each entry and one for the remainder.
    """
    shown = _readable(ledger)
    scalar = ledger.bias.ndim == 0
    parts = [entry.contribution for entry in shown.entries] + [ledger.remainder]
    values = np.array([float(part if scalar else part.norm()) for part in parts])
    names = [_shortened(str(entry.address) or "model") for entry in shown.entries] + ["remainder"]
    figure = Figure(figsize=(7.5, 0.9 + 0.19 * len(names)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw_bars(axes, values, names)
    total = float(ledger.bias if scalar else ledger.bias.norm())
    axes.set_title(f"{title}: b = {total:+.4g}", loc="left", fontsize=TITLE, color=INK)
    axes.set_xlabel("β" if scalar else "|β|", fontsize=SMALL + 1, color=INK)
    return figure


def _shortened(name: str) -> str:
    """Leave out the front of a long module path: its end tells more."""
    operation, mark, path = name.rpartition("@")
    room = max(_LONGEST_NAME - len(operation), 12)
    return operation + mark + (path if len(path) <= room else "…" + path[-room:])


def _readable(ledger: Ledger) -> Ledger:
    """Sum over modules until there is room for all bars; at worst over the model's children."""
    if len(ledger.entries) <= _MOST_BARS:
        return ledger
    by_depth = (ledger.by_module(depth) for depth in (None, 6, 5, 4, 3, 2))
    fitting = (grouped for grouped in by_depth if len(grouped.entries) <= _MOST_BARS)
    return next(fitting, ledger.by_module(1))
