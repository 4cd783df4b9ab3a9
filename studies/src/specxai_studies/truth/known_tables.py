"""What was found of known truths, as tables: methods by kinds of networks."""

from specxai.compare.truth.recovery import CAUSES_FOUND, PRECISION, SHARE_ERROR
from specxai.table import Table, cells
from specxai.tables.metrics import BETTER, definitions, interval_text
from specxai_studies.truth.known import Recovered


def known_tables(found: Recovered, title: str) -> tuple[Table, ...]:
    """Lay out precision, error of shares, and the causes that components find.

    Args:
        found: the result.
        title: what the networks are.
    """
    tables = []
    for measure in (PRECISION, SHARE_ERROR):
        rows = [
            cells(
                method,
                *(
                    "–" if mean is None else interval_text(mean, mean.count)
                    for mean in (found.means.get((measure.label, method, k)) for k in found.kinds)
                ),
            )
            for method in found.methods
        ]
        if measure is PRECISION:
            rows.append(
                cells("a map that knows nothing", *(f"{found.chance[k]:.2f}" for k in found.kinds))
            )
        if any(label == measure.label for label, _, _ in found.means):
            heading = f"{title}: {measure.label}{BETTER[measure.better]}"
            tables.append(Table(("", *found.kinds), tuple(rows), heading))
    if found.causes:
        tables.append(_causes(found, title))
    return tuple(tables)


def known_markdown(found: Recovered, title: str) -> str:
    """Write the tables in Markdown, and what the measures are."""
    measures = [PRECISION, SHARE_ERROR, CAUSES_FOUND][: 3 if found.causes else 1]
    tables = (table.markdown() for table in known_tables(found, title))
    return "\n\n".join([*tables, definitions(measures)])


def _causes(found: Recovered, title: str) -> Table:
    maps = dict.fromkeys(name for name, _ in found.causes)
    rows = (
        cells(name, *(f"{found.causes[name, kind]:.2f}" for kind in found.kinds)) for name in maps
    )
    return Table(("map", *found.kinds), tuple(rows), f"{title}: {CAUSES_FOUND.label} ↑")
