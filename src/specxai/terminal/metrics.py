"""Measures of all methods for the terminal and as JSON."""

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from specxai.compare import Evaluation
from specxai.tables.metrics import MetricsTable, metrics_notes, metrics_tables
from specxai.terminal.plain_json import without_nan


def metrics_table(evaluation: Evaluation) -> RenderableType:
    """Lay out an evaluation for the terminal, a table for each question; the best mean is bold."""
    return Group(*map(_lay_out, metrics_tables(evaluation)), *map(Text, metrics_notes(evaluation)))


def summarize_metrics(evaluation: Evaluation) -> dict[str, Any]:
    """Collect an evaluation as plain JSON; an interval that does not exist is null."""
    return dict(without_nan(asdict(evaluation)))


def _lay_out(given: MetricsTable) -> Table:
    table = Table("", title=Text(given.question), title_justify="left")
    for name in given.columns:
        table.add_column(Text(name), justify="right")
    for name, cells in given.rows:
        row = (Text(cell.text, style="bold" if cell.best else "") for cell in cells)
        table.add_row(Text(name), *row)
    return table
