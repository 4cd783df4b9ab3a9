import numpy as np
import pytest

from specxai.errors import LoadError
from specxai_studies.shapes.labels import (
    Outcome,
    add_outcome,
    read_outcomes,
    read_table,
    write_table,
)
from specxai_studies.shapes.parameters import Parameter, draw, nominal

PARAMETERS = [
    Parameter("size", "m", 1.0, 2.0, 4.0, "an edge", "chosen"),
    Parameter("slope", "deg", -5.0, 0.0, 5.0, "of a side", "chosen"),
]


def test_draws_repeat_and_differ_by_index_and_seed():
    first = draw(PARAMETERS, 7, 3)
    assert first == draw(PARAMETERS, 7, 3)
    assert first != draw(PARAMETERS, 7, 4)
    assert first != draw(PARAMETERS, 8, 3)
    assert nominal(PARAMETERS) == {"size": 2.0, "slope": 0.0}


def test_draws_are_triangular():
    """Mean (low + nominal + high) / 3 of a triangular distribution, within its bounds."""
    values = np.array([list(draw(PARAMETERS, 7, index).values()) for index in range(4000)])
    assert values.mean(0) == pytest.approx([7 / 3, 0], abs=0.1)
    assert (values.min(0) > [1, -5]).all()
    assert (values.max(0) < [4, 5]).all()


def test_outcomes_come_back_as_they_were_added(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    assert read_outcomes(path) == {}
    done = Outcome(4, {"drag": 0.1 + 0.2, "scatter": 1e-17})
    failed = Outcome(2, {}, 'a "quoted"\nreason')
    add_outcome(path, done)
    add_outcome(path, failed)
    assert read_outcomes(path) == {4: done, 2: failed}


def test_the_last_outcome_of_a_shape_counts(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    add_outcome(path, Outcome(0, {}, "no luck"))
    add_outcome(path, Outcome(0, {"drag": 0.3}))
    assert read_outcomes(path) == {0: Outcome(0, {"drag": 0.3})}


def test_a_last_line_that_was_cut_off_is_taken_away(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    add_outcome(path, Outcome(0, {"drag": 0.3}))
    whole = path.read_text()
    path.write_text(whole + '{"index": 1, "fail')
    assert list(read_outcomes(path)) == [0]
    assert path.read_text() == whole
    add_outcome(path, Outcome(1, {"drag": 0.4}))
    assert list(read_outcomes(path)) == [0, 1]


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "outcomes.jsonl"
    add_outcome(path, Outcome(0, {"drag": 0.3}))
    path.write_text('{"index": 1}\n' + path.read_text())
    with pytest.raises(LoadError, match="line 1"):
        read_outcomes(path)


def test_a_table_holds_finished_shapes_with_their_parameters(tmp_path):
    path = tmp_path / "labels.csv"
    outcomes = [
        Outcome(5, {"drag": 0.123456789}),
        Outcome(1, {}, "lost"),
        Outcome(0, {"drag": 2.0}),
    ]
    write_table(path, PARAMETERS, 7, outcomes)
    rows = read_table(path.read_text())
    assert [row["index"] for row in rows] == [0, 5]
    assert list(rows[0]) == ["index", "size", "slope", "drag"]
    assert rows[1]["drag"] == 0.123457
    assert rows[1]["size"] == pytest.approx(draw(PARAMETERS, 7, 5)["size"], rel=1e-5)
