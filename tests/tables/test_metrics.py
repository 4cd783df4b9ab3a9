import pytest

from specxai.compare import Effort, evaluate
from specxai.tables.metrics import metrics_markdown, metrics_tables
from subjects import METHODS, build_subjects

EFFORT = Effort((0.0, 0.5, 1.0), (0.01,), 1, 1)


@pytest.fixture(scope="module")
def found():
    return evaluate(build_subjects(), METHODS, ["4", "8"], EFFORT)


def test_a_row_for_every_method_in_their_order(found):
    tables = metrics_tables(found)
    assert len(tables) == 6
    for table in tables[:-1]:
        assert [row[0].text for row in table.rows[:3]] == ["product", "constant", "never"]
        assert {cell.text for cell in table.rows[2][1:]} == {"refused"}
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert tables[0].columns == ("", "deletion ↓", "insertion ↑", "sum error ↓")
    assert tables[0].rows[1][3].text == "–"
    assert tables[0].rows[3][0].text == "a map that knows nothing"
    assert [row[0].text for row in tables[-1].rows[:2]] == ["4", "8"]


def test_one_cell_is_best_also_where_that_is_not_ours(found):
    stable = metrics_tables(found)[1]
    assert [row[1].strong for row in stable.rows] == [False, True, False]


def test_markdown_says_means_reasons_and_weaknesses(found):
    text = metrics_markdown(found)
    lines = text.splitlines()
    assert "| never | refused | refused | refused |" in lines
    assert "- never: it has no heart for it" in lines
    assert any(line.startswith("- Means over 2 images, in brackets") for line in lines)
    assert any(line.startswith("- **Gini**: ") and "Weakness: " in line for line in lines)
    assert "similarity of \\|maps\\|" in text
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|  |")]
    assert len(tables) == 6
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_one_image_says_that_there_is_no_interval():
    alone = evaluate(build_subjects()[:1], METHODS[:1], ["8"], EFFORT)
    text = metrics_markdown(alone)
    assert "Means over 1 image, so that there is no interval." in text
    assert "…" not in text.split("- **")[0]
