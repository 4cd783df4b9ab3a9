"""Measures of components over images as tables, one for each question."""

from typing import Any

from specxai.compare.component_evaluation import ComponentEvaluation
from specxai.presentation import counted
from specxai.table import Table, cells
from specxai.tables.metrics import BETTER, definitions, interval_text
from specxai.typed_json import plain


def component_tables(evaluation: ComponentEvaluation) -> tuple[Table, ...]:
    """Lay out measures of components, a row for each layer and map.

    The last table has below it what the numbers rest on, and every refusal.
    """
    questions = list(dict.fromkeys(each.question for each in evaluation.measures))
    last = questions[-1] if questions else ""
    return tuple(
        _table(evaluation, question, _notes(evaluation) if question == last else ())
        for question in questions
    )


def components_markdown(evaluation: ComponentEvaluation) -> str:
    """Write measures of components in Markdown: tables, and what each measure is."""
    tables = (table.markdown() for table in component_tables(evaluation))
    return "\n\n".join([*tables, definitions(evaluation.measures)])


def summarize_components(evaluation: ComponentEvaluation | None) -> list[dict[str, Any]] | None:
    """Return measures of components as plain records, one for each layer and map."""
    if evaluation is None:
        return None
    return [
        {
            "layer": layer,
            "map": route,
            "means": plain(evaluation.means.get((layer, route), {})),
            "refusals": evaluation.refusals.get((layer, route), {}),
            "interventions": plain(evaluation.interventions.get((layer, route), ())),
        }
        for layer, route in evaluation.rows
    ]


def _table(evaluation: ComponentEvaluation, question: str, notes: tuple[str, ...]) -> Table:
    chosen = [each for each in evaluation.measures if each.question == question]
    count = len(evaluation.images)
    rows = (
        cells(
            layer,
            route,
            *(
                interval_text(evaluation.means.get((layer, route), {}).get(each.label), count)
                for each in chosen
            ),
        )
        for layer, route in evaluation.rows
    )
    columns = "layer", "map", *(f"{each.label}{BETTER[each.better]}" for each in chosen)
    return Table(columns, tuple(rows), question, notes, words=(0, 1))


def _notes(evaluation: ComponentEvaluation) -> tuple[str, ...]:
    asked = sum(len(each) for each in evaluation.interventions.values())
    images = counted(len(evaluation.images), "image")
    spread = f"{images}, {asked:,} components taken out, doubled and put in"
    refusals = (
        f"{route} at {layer}, {image}: {reason}"
        for (layer, route), reasons in evaluation.refusals.items()
        for image, reason in reasons.items()
    )
    return f"Over {spread}; in brackets 95 % bootstrap intervals over the images.", *refusals
