"""The measuring itself: on a small case, in processes of its own."""

import json
import subprocess
import sys

import pytest
import torch

from specxai.errors import InvalidInputError, LoadError
from specxai_studies.benchmarks import (
    CASES,
    METHODS,
    PROGRAM,
    Calls,
    Case,
    Contest,
    Growth,
    Stages,
    growth_figure,
    measure_calls,
    measure_stages,
    read,
    record,
    run_contest,
    table,
)


@pytest.fixture(scope="module")
def contest():
    lines = []
    peers = ["jacrev + torch svd", "scipy svds arpack"]
    found = run_contest("small autoencoder", "specxai exact", peers, 1, 4, report=lines.append)
    assert len(lines) == 3
    return found


@pytest.mark.slow
def test_everybody_finds_the_same(contest):
    ours, dense, arpack = (contest.runs[name][0] for name in contest.runs)
    assert ours["singular_values"] == pytest.approx(dense["singular_values"], rel=1e-4)
    assert ours["singular_values"] == pytest.approx(arpack["singular_values"], rel=1e-4)
    assert ours["residual"] < 1e-4
    assert all(run["seconds"] > 0 and run["peak_bytes"] >= 0 for run in (ours, dense, arpack))
    assert ours["singular_values"] == pytest.approx(contest.reference, rel=1e-5)
    assert contest.ratios["jacrev + torch svd"] == pytest.approx(dense["seconds"] / ours["seconds"])


@pytest.mark.slow
def test_the_record_and_its_table(contest, tmp_path):
    file = tmp_path / "deep.json"
    record(file, contest)
    record(file, contest)  # takes the place of the first
    (entry,) = read(file)["contests"]
    assert entry["environment"]["packages"]["torch"]
    text = table(read(file))
    rows = [line for line in text.splitlines() if line.startswith("| small autoencoder")]
    assert len(rows) == 3
    assert "Measured on:" in text


def test_a_fault_is_recorded(tmp_path):
    failed = {"error": "needs 4.0 GiB", "need_bytes": 2**32}
    file = tmp_path / "results.json"
    record(
        file, Contest("autoencoder", "specxai exact", {"peer": [failed]}, {"peer": float("nan")})
    )
    assert json.loads(file.read_text())["contests"][0]["ratios"]["peer"] is None
    assert "| needs 4.0 GiB |" in table(read(file))


def test_what_is_no_record(tmp_path):
    file = tmp_path / "results.json"
    file.write_text("[1]")
    with pytest.raises(LoadError, match="no record"):
        read(file)


def test_the_program_names_what_exists():
    for entry in PROGRAM:
        assert entry.case in CASES
        assert {entry.ours, *entry.peers} <= set(METHODS)


def test_an_unknown_case():
    with pytest.raises(InvalidInputError, match="no case 'lenet'"):
        run_contest("lenet", "specxai exact", [])
    run = subprocess.run(
        [sys.executable, "-m", "specxai", "bench", "lenet"], capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "choose from autoencoder" in run.stderr


def test_stages_calls_and_growth_in_the_record(tmp_path):
    file = tmp_path / "results.json"
    record(file, Stages("net", 100, 2.0, 1.0, 0.5, 4.0, 1.0, 0.5, 0.5, 5.0))
    record(file, Calls("net", 0.25, 0.24))
    record(file, Growth("input side", (64, 128, 256), (1.0, 4.0, 16.0), (2**20, 2**25, 2**27)))
    text = table(read(file))
    assert "| net | 100 | 2.0 s | 1.0 s | 0.5 s | 4.0 s | 5.0 s | 0.50 | 0.50 | 2.00 |" in text
    assert "calls 2–6 take 0.25 s, calls 50–54 0.24 s" in text
    assert "| input side | 64 – 256 | 1.00 – 16.00 s | 2.00 | 1 MiB – 0.1 GiB | – |" in text
    figure = growth_figure(read(file)["growth"])
    assert [axes.get_title() for axes in figure.axes] == ["input side", ""]


def test_the_stages_of_a_small_case(monkeypatch):
    def build():
        torch.manual_seed(0)
        part = torch.nn.Sequential(torch.nn.Linear(300, 280), torch.nn.ReLU())
        return torch.nn.Sequential(part, torch.nn.Linear(280, 2)).eval(), torch.randn(1, 300)

    monkeypatch.setitem(CASES, "small", Case(build, "0", (280, 300)))
    found = measure_stages("small")
    assert 64 < found.active < 280
    assert all(value > 0 for name, value in vars(found).items() if name != "case")
    assert found.whole > found.gram + found.eigenvectors
    calls = measure_calls("small")
    assert calls.early > 0
    assert calls.late > 0


def test_a_case_of_low_rank_has_no_stages():
    with pytest.raises(InvalidInputError, match="rank of this case is low"):
        measure_stages("small autoencoder")


@pytest.mark.slow
def test_one_point_of_growth():
    command = [sys.executable, "-m", "specxai_studies.benchmarks.growth", "input side", "64"]
    run = subprocess.run(command, capture_output=True, text=True)
    point = json.loads(run.stdout)
    assert point["seconds"] > 0
    assert point["peak_bytes"] >= 0
