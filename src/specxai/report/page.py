"""A study as a page of Markdown: figures, what they show, and the claims one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from specxai.files import write_atomically
from specxai.plots import save_figure
from specxai.report.claim import Claim
from specxai.table import Cell, Table, cells


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes:
        heading: its title.
        text: Markdown below the title.
        figures: by file name without suffix; each is shown under the text.
        claims: statements of the paper that belong here.
    """

    heading: str
    text: str = ""
    figures: dict[str, Figure] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()


def write_report(folder: Path, title: str, opening: str, sections: Sequence[Section]) -> Path:
    """Write figures and report.md into a folder.

    Args:
        folder: an existing folder; files of an earlier report are replaced.
        title: the first heading.
        opening: Markdown below it: what was done, and with which command.
        sections: in the order of the page.

    Returns:
        The path of report.md.
    """
    lines = [f"# {title}", "", opening.strip(), "", *_verdicts(sections)]
    for section in sections:
        lines += ["", f"## {section.heading}", ""]
        lines += [section.text.strip(), ""] if section.text else []
        for name, figure in section.figures.items():
            save_figure(figure, folder / f"{name}.png")
            lines += [f"![{name.replace('-', ' ')}]({name}.png)", ""]
        lines += _claim_table(section.claims)
    path = folder / "report.md"
    write_atomically(path, ("\n".join(lines).rstrip() + "\n").encode())
    return path


def _verdicts(sections: Sequence[Section]) -> list[str]:
    """Count how the claims of all sections fared."""
    verdicts = [claim.verdict for section in sections for claim in section.claims]
    if not verdicts:
        return []
    counts = [f"{verdicts.count(each)} × {each}" for each in dict.fromkeys(sorted(verdicts))]
    noun = "claim" if len(verdicts) == 1 else "claims"
    return [f"{len(verdicts)} {noun}: {', '.join(counts)}."]


def _claim_table(claims: Sequence[Claim]) -> list[str]:
    if not claims:
        return []
    columns = "the paper says", "where", "the paper", "here", ""
    rows = (
        cells(each.statement, each.source, each.paper, each.here, Cell(each.verdict, strong=True))
        for each in claims
    )
    return [Table(columns, tuple(rows), words=(0, 1, 2, 3, 4)).markdown()]
