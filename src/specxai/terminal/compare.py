"""Comparisons of methods for the terminal and as JSON."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from specxai.compare import Comparison
from specxai.tables.comparison import COLUMNS, cells, refusals
from specxai.terminal.plain_json import without_nan


def comparison_table(comparison: Comparison, title: str) -> RenderableType:
    """Lay out a comparison for the terminal."""
    table = Table("method", title=Text(title), title_justify="left")
    for name in COLUMNS[1:]:
        table.add_column(name, justify="right")
    for attribution in comparison.attributions:
        name, *numbers = cells(attribution, comparison.output)
        table.add_row(escape(name), *numbers)
    return Group(table, *map(Text, refusals(comparison)))


def summarize_comparison(comparison: Comparison, about: dict[str, str]) -> dict[str, Any]:
    """Collect the numbers of a comparison as plain JSON.

    Args:
        comparison: the result.
        about: what each method computes, by name.
    """
    return {
        "target": comparison.target,
        "output": comparison.output,
        "linear": comparison.linear,
        "change": comparison.change,
        "methods": [
            {
                "method": each.method,
                "about": about[each.method],
                "refusal": each.refusal,
                "sum": without_nan(each.sum),
                "total": each.total,
                "expected": without_nan(each.expected),
                "seconds": each.seconds,
                "forward": each.forward,
                "backward": each.backward,
            }
            for each in comparison.attributions
        ],
    }
