"""A study as a page of Markdown: figures, what they show, and the claims one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from specxai.files import write_atomically
from specxai.plots import save_figure
from specxai.report.claim import Claim, Evidence
from specxai.table import Cell, Table, cells, escaped


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
    claims = [claim for section in sections for claim in section.claims]
    lines = [f"# {title}", "", opening.strip(), "", *_verdicts(claims)]
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


def _verdicts(claims: Sequence[Claim]) -> list[str]:
    """Count how claims fared, and say what a map from a baseline changes, its failures first."""
    if not claims:
        return []
    noun = "claim" if len(claims) == 1 else "claims"
    beside = [each.from_baseline for each in claims if each.from_baseline]
    count = f"{len(claims)} {noun}: {_counted(claims)}."
    if not beside:
        return [count]
    return [
        f"{count} Of the map from a baseline, on which {len(beside)} of them were tested too: "
        f"{_counted(beside)}.",
        "",
        *_changes(claims),
    ]


def _counted(outcomes: Sequence[Claim | Evidence]) -> str:
    verdicts = sorted(each.verdict for each in outcomes)
    return ", ".join(f"{verdicts.count(each)} × {each}" for each in dict.fromkeys(verdicts))


_CHANGES = {
    (False, False): "Holds with neither map",
    (True, False): "Holds with the map at x alone, not with the one from the baseline",
    (False, True): "Holds with the map from the baseline, not with the one at x alone",
    (True, True): "Holds with both",
}


def _changes(claims: Sequence[Claim]) -> list[str]:
    """List the statements by the maps that they hold with, those that fail first."""
    lines = []
    for outcome, words in _CHANGES.items():
        statements = [
            each.statement
            for each in claims
            if each.from_baseline and (each.holds, each.from_baseline.holds) == outcome
        ]
        lines.append(f"- **{words}** ({len(statements)}){':' if statements else '.'}")
        lines += [f"  - {escaped(each)}" for each in statements]
    return lines


def _claim_table(claims: Sequence[Claim]) -> list[str]:
    if not claims:
        return []
    both = any(each.from_baseline for each in claims)
    columns = "the paper says", "where", "the paper", *(_BOTH if both else ("here", ""))
    rows = tuple(
        (*_said(each), *(_measured_by_both(each) if both else _measured(each))) for each in claims
    )
    return [Table(columns, rows, words=tuple(range(len(columns)))).markdown()]


_BOTH = ("map at x alone", "", "map from the baseline", "")


def _said(claim: Claim) -> tuple[Cell, ...]:
    return cells(claim.statement, claim.source, claim.paper)


def _measured(outcome: Claim | Evidence) -> tuple[Cell, ...]:
    return cells(outcome.here, Cell(outcome.verdict, strong=True))


def _measured_by_both(claim: Claim) -> tuple[Cell, ...]:
    beside = claim.from_baseline
    return (*_measured(claim), *(_measured(beside) if beside else cells("–", "")))
