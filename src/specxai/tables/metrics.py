"""Measures of all methods as tables, one for each question; and what the measures are."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from specxai.compare import Evaluation, Interval, Measure
from specxai.compare.evaluation import OVERLAPPING
from specxai.table import Cell, Table, cells, escaped

BETTER = {"lower": " ↓", "higher": " ↑", "zero": " →0", "": ""}
_CHANCE = "a map that knows nothing"


def metrics_tables(evaluation: Evaluation) -> tuple[Table, ...]:
    """Lay out an evaluation, the best means strong.

    Methods keep their order, which is no ranking; those that refuse the network have rows too. The
    overlap of components comes last, where it was measured. Below the last table stands what all
    numbers rest on.
    """
    questions = dict.fromkeys(each.question for each in evaluation.measures)
    tables = [_table(evaluation, question) for question in questions]
    tables += [_overlap_table(evaluation)] if evaluation.overlaps else []
    return *tables[:-1], replace(tables[-1], notes=metrics_notes(evaluation))


def metrics_notes(evaluation: Evaluation) -> tuple[str, ...]:
    """Say what the numbers rest on, and of every refusal why, in a line each."""
    count = len(evaluation.images)
    spread = (
        "in brackets the 95 % bootstrap interval over them"
        if count > 1
        else "so that there is no interval"
    )
    images = f"{count} image{'s' if count > 1 else ''}"
    return f"Means over {images}, {spread}.", *_refusals(evaluation)


def metrics_markdown(evaluation: Evaluation) -> str:
    """Write an evaluation in Markdown: its tables, what each measure is, and why it is no proof."""
    tables = (table.markdown() for table in metrics_tables(evaluation))
    return "\n\n".join([*tables, definitions(evaluation.measures)])


def definitions(measures: Iterable[Measure]) -> str:
    """List in Markdown what each measure is, and why it is no proof."""
    named = {measure.name: measure for measure in measures}
    return "\n".join(
        f"- **{escaped(name)}**: {escaped(each.about)}. Weakness: {escaped(each.weakness)}."
        for name, each in named.items()
    )


def _table(evaluation: Evaluation, question: str) -> Table:
    chosen = [each for each in evaluation.measures if each.question == question]
    rows = [(_row(evaluation, method, chosen)) for method in evaluation.methods]
    if any(each.label in evaluation.chance for each in chosen):
        rows.append(cells(_CHANCE, *_means(evaluation, evaluation.chance, chosen)))
    columns = "", *(f"{each.label}{BETTER[each.better]}" for each in chosen)
    return Table(columns, tuple(rows), question)


def _row(evaluation: Evaluation, method: str, measures: list[Measure]) -> tuple[Cell, ...]:
    means = evaluation.means.get(method)
    if means is None:
        return cells(method, *["refused"] * len(measures))
    best = (method in evaluation.best(each) for each in measures)
    return cells(method, *map(Cell, _means(evaluation, means, measures), best))


def _means(
    evaluation: Evaluation, means: Mapping[str, Interval], measures: list[Measure]
) -> Iterator[str]:
    count = len(evaluation.images)
    return (interval_text(means.get(each.label), count, each.over) for each in measures)


def _overlap_table(evaluation: Evaluation) -> Table:
    overlaps = dict(evaluation.overlaps)
    if evaluation.separation is not None:
        overlaps["the last less the first, image by image"] = evaluation.separation
    count = len(evaluation.images)
    return Table(
        (
            "",
            f"overlap of the {OVERLAPPING} leading maps ↓ (mean cosine of magnitudes; noise: 0.64)",
        ),
        tuple(cells(name, interval_text(overlap, count)) for name, overlap in overlaps.items()),
        "Do our components look at different places?",
    )


def _refusals(evaluation: Evaluation) -> Iterator[str]:
    """Say of each reason what gave it, and for how many of the images."""
    count = len(evaluation.images)
    for name, reasons in evaluation.refusals.items():
        for reason in dict.fromkeys(reasons.values()):
            times = list(reasons.values()).count(reason)
            where = "" if times == count else f" ({times} of {count} images)"
            yield f"{name}{where}: {reason}"


def interval_text(mean: Interval | None, images: int, over: str = "images") -> str:
    """Write a mean and its interval, and how many images it is of where that is not all."""
    if mean is None:
        return "–"
    parts = [] if math.isnan(mean.low) else [f"{_short(mean.low)} … {_short(mean.high)}"]
    if over != "images":
        parts.append(f"{mean.count} {over}")
    elif mean.count != images:
        parts.append(f"{mean.count} of {images}")
    return _short(mean.mean) + (f" ({'; '.join(parts)})" if parts else "")


def _short(value: float) -> str:
    """Write a number with two significant digits, but not more than two places from 0.1 on.

    >>> _short(0.1234), _short(0.01234), _short(1.2e-7), _short(0.0)
    ('0.12', '0.012', '1.2e-07', '0')
    """
    return f"{value:.2f}" if 0.1 <= abs(value) < 100 else f"{value:.2g}"
