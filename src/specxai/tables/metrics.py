"""Measures of all methods as tables, one for each question; and as Markdown."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from specxai.compare.evaluation import OVERLAPPING, Evaluation
from specxai.compare.metrics import Interval, Measure
from specxai.table import escaped, markdown_table

_BETTER = {"lower": " ↓", "higher": " ↑", "zero": " →0", "": ""}
_CHANCE = "a map that knows nothing"


@dataclass(frozen=True)
class Cell:
    """One number of a table.

    Attributes:
        text: the number as text.
        best: whether no method's mean is better.
    """

    text: str
    best: bool = False


@dataclass(frozen=True)
class MetricsTable:
    """The measures that help to answer one question.

    Attributes:
        question: the heading.
        columns: names of the measures, with an arrow to the better side.
        rows: a name, and a cell for each column.
    """

    question: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def metrics_tables(evaluation: Evaluation) -> list[MetricsTable]:
    """Lay out an evaluation as tables of text.

    Methods keep their order, which is no ranking; those that refuse the network have rows too. The
    overlap of components comes last.
    """
    questions = dict.fromkeys(each.question for each in evaluation.measures)
    return [*(_table(evaluation, question) for question in questions), _overlap_table(evaluation)]


def metrics_notes(evaluation: Evaluation) -> list[str]:
    """Say what the numbers rest on, and of every refusal why, in a line each."""
    count = len(evaluation.images)
    spread = (
        "in brackets the 95 % bootstrap interval over them"
        if count > 1
        else "so that there is no interval"
    )
    images = f"{count} image{'s' if count > 1 else ''}"
    return [f"Means over {images}, {spread}.", *_refusals(evaluation)]


def metrics_markdown(evaluation: Evaluation) -> str:
    """Write an evaluation in Markdown; the best mean of each column is bold."""
    lines = []
    for table in metrics_tables(evaluation):
        rows = [
            (name, *(f"**{cell.text}**" if cell.best else cell.text for cell in cells))
            for name, cells in table.rows
        ]
        lines += [f"**{table.question}**", "", *markdown_table(("", *table.columns), rows), ""]
    lines += [f"- {note}" for note in metrics_notes(evaluation)]
    return "\n".join([*lines, "", *definitions(evaluation)])


def definitions(evaluation: Evaluation) -> list[str]:
    """Write what each measure is, and why it is no proof, as a list in Markdown."""
    named: dict[str, Measure] = {measure.name: measure for measure in evaluation.measures}
    return [
        f"- **{escaped(name)}**: {escaped(each.about)}. Weakness: {escaped(each.weakness)}."
        for name, each in named.items()
    ]


def _table(evaluation: Evaluation, question: str) -> MetricsTable:
    chosen = [each for each in evaluation.measures if each.question == question]
    best = {each.label: evaluation.best(each) for each in chosen}
    rows = []
    for method in evaluation.methods:
        means = evaluation.means.get(method)
        cells = (
            Cell("refused")
            if means is None
            else Cell(_text(means.get(label), len(evaluation.images)), method in best[label])
            for label in best
        )
        rows.append((method, tuple(cells)))
    if any(label in evaluation.chance for label in best):
        means = evaluation.chance
        cells = (Cell(_text(means.get(label), len(evaluation.images))) for label in best)
        rows.append((_CHANCE, tuple(cells)))
    return MetricsTable(
        question, tuple(f"{each.label}{_BETTER[each.better]}" for each in chosen), tuple(rows)
    )


def _overlap_table(evaluation: Evaluation) -> MetricsTable:
    count = len(evaluation.images)
    rows = [(layer, evaluation.overlaps[layer]) for layer in evaluation.overlaps]
    if evaluation.separation is not None:
        rows.append(("the last less the first, image by image", evaluation.separation))
    return MetricsTable(
        "Do our components look at different places?",
        (f"overlap of the {OVERLAPPING} leading maps ↓ (mean cosine of magnitudes; noise: 0.64)",),
        tuple((name, (Cell(_text(found, count)),)) for name, found in rows),
    )


def _refusals(evaluation: Evaluation) -> Iterator[str]:
    """Say of each reason what gave it, and for how many of the images."""
    count = len(evaluation.images)
    for name, found in evaluation.refusals.items():
        for reason in dict.fromkeys(found.values()):
            times = list(found.values()).count(reason)
            where = "" if times == count else f" ({times} of {count} images)"
            yield f"{name}{where}: {reason}"


def _text(found: Interval | None, images: int) -> str:
    """Write a mean and its interval, and how many images it is of where some are missing."""
    if found is None:
        return "–"
    parts = [] if math.isnan(found.low) else [f"{_short(found.low)} … {_short(found.high)}"]
    parts += [] if found.count == images else [f"{found.count} of {images}"]
    return _short(found.mean) + (f" ({'; '.join(parts)})" if parts else "")


def _short(value: float) -> str:
    """Write a number with two significant digits, but not more than two places from 0.1 on.

    >>> _short(0.1234), _short(0.01234), _short(1.2e-7), _short(0.0)
    ('0.12', '0.012', '1.2e-07', '0')
    """
    return f"{value:.2f}" if 0.1 <= abs(value) < 100 else f"{value:.2g}"
