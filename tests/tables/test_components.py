import pytest

from specxai.compare.component_evaluation import FROM_BASELINE, POINTWISE, evaluate_components
from specxai.compare.components import FAST_SEARCH
from specxai.tables.components import component_tables, components_markdown
from subjects import build_subjects

NAMES = ["at x", "from the baseline"]


@pytest.fixture(scope="module")
def found():
    routes = [POINTWISE, FROM_BASELINE]
    return evaluate_components(build_subjects(), ["4", "nowhere"], [0.01], FAST_SEARCH, routes)


def test_a_row_for_every_layer_and_map(found):
    tables = component_tables(found)
    assert len(tables) == 3
    for table in tables:
        first = [(row[0].text, row[1].text) for row in table.rows]
        assert first == [
            ("4", "at x"),
            ("4", "from the baseline"),
            *[("nowhere", n) for _, n in first[:2]],
        ]
        assert all(cell.text == "–" for row in table.rows[2:] for cell in row[2:])
        assert not any(cell.text == "–" for row in table.rows[:2] for cell in row[2:])
    assert tables[0].columns[:4] == ("layer", "map", "cancellation ↓", "held, first 1 ↑")
    text = found.means["4", "at x"]["cancellation"]
    assert tables[0].rows[0][2].text.startswith(f"{text.mean:.2f}"[:3])


def test_notes_say_what_numbers_rest_on_and_what_was_refused(found):
    notes = component_tables(found)[-1].notes
    assert notes[0].startswith("Over 2 images, 32 components")
    assert any(note.startswith("at x at nowhere, a: no layer") for note in notes)


def test_markdown_defines_each_measure(found):
    text = components_markdown(found)
    for name in ("cancellation", "correlation", "random directions", "change of components"):
        assert f"- **{name}**: " in text
