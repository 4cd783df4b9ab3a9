"""Results on standard output: tables to read, or one line of JSON."""

import json

from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from specxai.table import Table
from specxai.typed_json import plain


def print_json(record: object, **more: object) -> None:
    """Print one object of JSON.

    Args:
        record: a dataclass or a dict, whose entries come first.
        more: entries behind these.
    """
    print(json.dumps({**plain(record), **plain(more)}))


def print_tables(*tables: Table) -> None:
    """Print to standard output; never narrower than tables need, also into a pipe.

    Args:
        tables: one below the other.
    """
    console = Console()
    console.width = max(console.width, 100)
    console.print(*map(laid_out, tables), sep="\n")


def laid_out(table: Table) -> RenderableType:
    """Lay out a table for rich: its title above, its notes below.

    Args:
        table: no text in it is taken for rich's markup.

    Returns:
        Something rich can print.
    """
    grid = Grid()
    for k, name in enumerate(table.columns):
        grid.add_column(Text(name), justify="left" if k in table.words else "right")
    last = len(table.rows) - table.totals - 1
    for number, row in enumerate(table.rows):
        texts = (Text(cell.text, style="bold" if cell.strong else "") for cell in row)
        grid.add_row(*texts, end_section=number == last)
    title = [Text(table.title)] if table.title else []
    body = [grid] if table.columns else []
    return Group(*title, *body, *map(Text, table.notes))
