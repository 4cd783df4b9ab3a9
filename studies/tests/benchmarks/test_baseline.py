"""What a map from a baseline takes: measured on a toy, with nothing said of time."""

from importlib.util import find_spec

import pytest
import torch

from classifier import build_plain
from specxai.errors import InvalidInputError
from specxai_studies.benchmarks import (
    CASES,
    Case,
    Overhead,
    Race,
    measure_overhead,
    read,
    record,
    run_race,
    table,
)
from specxai_studies.benchmarks.race import OURS, race_ratio
from specxai_studies.benchmarks.sampled import UNIT


@pytest.fixture
def toy(monkeypatch):
    def build():
        return build_plain(), torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(5))

    monkeypatch.setitem(CASES, "toy", Case(build, "4", (384, 768)))
    return "toy"


@pytest.mark.slow
def test_a_race_of_all_methods(toy, tmp_path):
    lines = []
    race = run_race(toy, "blur", 2, fast=True, report=lines.append)
    assert len(race.runs) == 5
    assert len(lines) == 10
    ours = race.runs[OURS][0]
    assert not ours["error"]
    assert ours["share"] == pytest.approx(1, abs=0.1)
    assert ours["components"] >= 1
    assert ours["forward"] > ours["pushed"] > 0
    assert race.runs[UNIT][0]["forward"] >= 2
    assert race.runs["LIME"][0]["share"] is None
    shap = race.runs["SHAP GradientExplainer"]
    if find_spec("shap"):
        assert shap[0]["backward"] == 4
        assert shap[0]["share"] == shap[1]["share"]
    else:
        assert "specxai-studies[bench]" in shap[0]["error"]
    file = tmp_path / "results.json"
    record(file, race)
    assert table(read(file)).count("| toy | blur |") == 5


def test_the_overhead_of_a_baseline(toy, tmp_path):
    found = measure_overhead(toy, "zero", 1)
    assert all(value > 0 for name, value in vars(found).items() if name not in ("case", "baseline"))
    file = tmp_path / "results.json"
    record(file, Overhead("net", "zero", 3, 2.0, 1.5, 1.25, 1.0, 0.5))
    assert "| net | zero | 2.00 | 1.50 | 1.25 | 1.00 | 0.50 | 3 |" in table(read(file))


def test_a_method_that_fails_in_the_table(tmp_path):
    run = {"seconds": 2.0, "forward": 64, "backward": 64, "share": 1.0, "error": ""}
    runs = {UNIT: [run], "another": [{**run, "seconds": 5.0}], "LIME": [{**run, "error": "no"}]}
    assert race_ratio(runs, "another") == 2.5
    assert race_ratio(runs, "LIME") is None
    file = tmp_path / "results.json"
    record(file, Race("net", "blur", runs))
    text = table(read(file))
    assert "| net | blur | another | 2.50 | 64 | 64 |  |  |  | 1.000 | 1 |" in text
    assert "| net | blur | LIME | no |" in text


def test_a_case_that_does_not_exist():
    with pytest.raises(InvalidInputError, match="no case 'no'"):
        run_race("no", "zero")
    with pytest.raises(InvalidInputError, match="no case 'no'"):
        measure_overhead("no")
