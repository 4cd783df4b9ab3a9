"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_table(
    heading: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = True
) -> list[str]:
    r"""Lay out a table, line by line.

    Args:
        heading: names of the columns.
        rows: texts, one for each column; a | in them does not end the cell.
        numbers: whether all columns but the first are set to the right.

    >>> markdown_table(("name", "|x|"), [("a", "1")])
    ['| name | \\|x\\| |', '| --- | ---: |', '| a | 1 |']
    """
    ruler = ["---", *["---:" if numbers else "---"] * (len(heading) - 1)]
    return [*map(_row, (heading, ruler, *rows))]


def escaped(text: str) -> str:
    """Escape what would end a cell."""
    return text.replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
