"""The measuring itself: on a small case, in processes of its own."""

import json
import subprocess
import sys

import pytest

from specxai.benchmarks import CASES, METHODS, PROGRAM, Contest, record, run_contest, table
from specxai.benchmarks.record import read
from specxai.errors import InvalidInputError, LoadError


@pytest.fixture(scope="module")
def contest():
    lines = []
    peers = ["jacrev + torch svd", "scipy svds arpack"]
    found = run_contest("autoencoder", "specxai exact", peers, 1, 4, report=lines.append)
    assert len(lines) == 3
    return found


def test_everybody_finds_the_same(contest):
    ours, dense, arpack = (contest.runs[name][0] for name in contest.runs)
    assert ours["singular_values"] == pytest.approx(dense["singular_values"], rel=1e-4)
    assert ours["singular_values"] == pytest.approx(arpack["singular_values"], rel=1e-4)
    assert ours["residual"] < 1e-4
    assert all(run["seconds"] > 0 and run["peak_bytes"] >= 0 for run in (ours, dense, arpack))
    assert contest.ratios["jacrev + torch svd"] == pytest.approx(dense["seconds"] / ours["seconds"])


def test_the_record_and_its_table(contest, tmp_path):
    file = tmp_path / "deep.json"
    record(file, contest)
    record(file, contest)  # takes the place of the first
    (entry,) = read(file)
    assert entry["environment"]["packages"]["torch"]
    text = table(read(file))
    rows = [line for line in text.splitlines() if line.startswith("| autoencoder")]
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
    file.write_text("[]")
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
