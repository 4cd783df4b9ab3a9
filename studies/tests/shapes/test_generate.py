import os
from pathlib import Path

from specxai.errors import SpecxaiError
from specxai_studies.shapes.dataset import DataSet
from specxai_studies.shapes.generate import generate
from specxai_studies.shapes.labels import read_outcomes, read_table
from specxai_studies.shapes.parameters import Parameter


class Squares:
    """Areas of squares, with a solver that can fail and die, and that writes down its work."""

    name = "squares"
    seed = 1
    parameters = (Parameter("edge", "m", 1.0, 2.0, 3.0, "of the square", "chosen"),)

    def __init__(self, failing: str = "", dying: str = "") -> None:
        self.failing, self.dying = failing, dying

    def prepare(self, folder: Path) -> None:
        (folder / "prepared").touch()

    def solve(self, values, folder):
        assert (folder.parent / "prepared").exists()
        with (folder.parent / "solved").open("a") as file:
            file.write(f"{folder.name} {os.getpid()}\n")
        if folder.name == self.failing:
            raise SpecxaiError("it did not converge")
        if folder.name == self.dying:
            os._exit(9)
        return {"area": values["edge"] ** 2}


def solved(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "solved").read_text().splitlines()]


def test_shapes_are_solved_in_other_processes_and_written_down(tmp_path):
    assert isinstance(Squares(), DataSet)
    outcomes = generate(Squares(), 4, tmp_path / "new", 2)
    assert sorted(each.index for each in outcomes) == [0, 1, 2, 3]
    rows = read_table((tmp_path / "new" / "labels.csv").read_text())
    assert all(abs(row["edge"] ** 2 - row["area"]) < 1e-4 for row in rows)
    assert str(os.getpid()) not in (tmp_path / "new" / "solved").read_text().split()


def test_work_that_was_stopped_goes_on(tmp_path):
    generate(Squares(), 2, tmp_path, 1)
    told = []
    generate(Squares(), 5, tmp_path, 1, lambda what, done, total: told.append((done, total)))
    assert sorted(solved(tmp_path)) == [f"shape-{index}" for index in range(5)]
    assert told == [(2, 5), (3, 5), (4, 5), (5, 5)]
    assert len(read_table((tmp_path / "labels.csv").read_text())) == 5


def test_failures_are_written_down_and_skipped(tmp_path, capsys):
    outcomes = generate(Squares(failing="shape-1"), 3, tmp_path, 1)
    assert [each.failure for each in outcomes] == ["", "SpecxaiError: it did not converge", ""]
    rows = read_table((tmp_path / "labels.csv").read_text())
    assert [row["index"] for row in rows] == [0, 2]
    assert generate(Squares(), 3, tmp_path, 1) == outcomes


def test_a_process_that_dies_is_a_failure_and_the_others_go_on(tmp_path):
    outcomes = generate(Squares(dying="shape-0"), 3, tmp_path, 1)
    assert {each.index: bool(each.failure) for each in outcomes} == {0: True, 1: False, 2: False}
    assert "died" in read_outcomes(tmp_path / "outcomes.jsonl")[0].failure
