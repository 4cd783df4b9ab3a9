"""A table of text, and how it is written in Markdown and in HTML."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

# What would end a cell, begin a list or be taken for emphasis or HTML.
_MARKUP = str.maketrans({"|": r"\|", "*": r"\*", "<": r"\<", "\n": " "})


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        text: what is read.
        strong: whether it is set in bold.
    """

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns; no text of it is markup.

    Attributes:
        columns: their names, which may be empty.
        rows: a cell for each column.
        title: a line above the table; empty if it needs none.
        notes: lines below it.
        words: numbers of the columns that are set to the left; the others are set to the right.
        totals: how many rows at the end stand apart, for they sum up the others.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    words: tuple[int, ...] = (0,)
    totals: int = 0

    def markdown(self) -> str:
        r"""Write the table in Markdown: its title in bold, its notes as a list.

        >>> print(Table(("name", "|x|"), (cells("a", "1"),)).markdown())
        | name | \|x\| |
        | --- | ---: |
        | a | 1 |
        """
        ruler = ("---" if k in self.words else "---:" for k in range(len(self.columns)))
        rows = (map(_emphasized, row) for row in self.rows)
        lines = (_line(texts) for texts in (map(escaped, self.columns), ruler, *rows))
        title = _emphasized(Cell(self.title, strong=True))
        notes = (f"- {escaped(note)}" for note in self.notes)
        return "\n\n".join(filter(None, (title, "\n".join(lines), "\n".join(notes))))

    def html(self) -> str:
        """Write the table as an element of HTML, and each note as a paragraph behind it."""
        end = len(self.rows) - self.totals
        title = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        head = (cells(*self.columns),)
        parts = {"thead": head, "tbody": self.rows[:end], "tfoot": self.rows[end:]}
        inner = "".join(
            f"<{part}>{''.join(self._html_row(row, part) for row in rows)}</{part}>"
            for part, rows in parts.items()
            if rows
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<table>{title}{inner}</table>{notes}"

    def _html_row(self, row: tuple[Cell, ...], part: str) -> str:
        tag, texts = "th" if part == "thead" else "td", []
        for k, cell in enumerate(row):
            text = f"<strong>{escape(cell.text)}</strong>" if cell.strong else escape(cell.text)
            side = "left" if k in self.words else "right"
            texts.append(f'<{tag} style="text-align: {side}">{text}</{tag}>')
        return f"<tr>{''.join(texts)}</tr>"


def cells(*texts: str | Cell) -> tuple[Cell, ...]:
    """Return a row of a table, in which plain text needs no emphasis."""
    return tuple(Cell(text) if isinstance(text, str) else text for text in texts)


def escaped(text: str) -> str:
    """Return text as Markdown that is read as this text, also within a table."""
    return text.translate(_MARKUP)


def _emphasized(cell: Cell) -> str:
    text = escaped(cell.text)
    return f"**{text}**" if cell.strong and text else text


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"
