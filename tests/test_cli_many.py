"""``specxai explain`` on many inputs, run as a user runs it: in a process of its own."""

import json
from pathlib import Path

import numpy as np
import pytest

import specxai
from command_line import run

pytestmark = pytest.mark.slow  # every test starts a process

NETS = """
import torch
from torch import nn

CLASSES = "cat", "tiger cat", "dog"
print("loaded", file=open("loads.txt", "a"))


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(), nn.Linear(5, 3)).eval()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "rows").mkdir()
    values = np.random.default_rng(0).standard_normal((3, 1, 3)).astype(np.float32)
    for name, x in zip(("rows/a.npy", "rows/b.npy", "a.npy"), values, strict=True):
        np.save(tmp_path / name, x)
    (tmp_path / "rows" / "notes.txt").touch()
    np.save(tmp_path / "wide.npy", np.ones((1, 7), np.float32))
    return tmp_path


EXPLAIN = "explain", "nets.py:small", "a.npy", "rows"


def test_each_has_a_row_and_a_folder(folder: Path) -> None:
    done = run(folder, *EXPLAIN, "--layer", "1", "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "rows: 1 left out, no picture and no tensor\n"
    rows = json.loads(done.stdout)["inputs"]
    assert [row["input"] for row in rows] == ["a.npy", "rows/a.npy", "rows/b.npy"]
    assert [row["folder"] for row in rows] == ["a", "a-2", "b"]
    for row in rows:
        stored = specxai.load(folder / "explanation" / row["folder"] / "explanation.safetensors")
        assert float(stored.output) == pytest.approx(row["output"])
        assert stored.target_name == row["class"]
        assert (folder / "explanation" / row["folder"] / "explanation.png").is_file()
    assert (folder / "loads.txt").read_text() == "loaded\n"


def test_several_classes_of_one_input(folder: Path) -> None:
    command = "explain", "nets.py:small", "a.npy", "--target", "dog, cat", "--quiet"
    done = run(folder, *command, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["inputs"]
    assert [(row["folder"], row["class"]) for row in rows] == [("dog", "dog"), ("cat", "cat")]
    assert rows[0]["output"] != rows[1]["output"]
    refused = run(folder, *command, "--out", "bad", "--ledger")
    assert refused.returncode == 2
    assert "tell of one input and output" in refused.stderr


def test_one_bad_input_is_a_row_of_its_own(folder: Path) -> None:
    done = run(folder, *EXPLAIN, "wide.npy", "absent.npy", "--quiet")
    assert done.returncode == 3
    assert "2 of 5 inputs could not be explained" in done.stdout
    assert "absent.npy: input 'absent.npy' does not exist" in done.stdout
    assert sorted(path.name for path in (folder / "explanation").iterdir()) == ["a", "a-2", "b"]
    again = run(folder, *EXPLAIN, "--quiet")
    assert again.returncode == 2
    assert "is there from an earlier run" in again.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--layer", "11"), "no layer '11'; closest: 1"),
        (("--ledger",), "--ledger and --details tell of one input"),
        (("--classes", "absent.txt"), "'absent.txt' does not exist"),
    ],
)
def test_what_is_wrong_for_all_is_one_line(
    folder: Path, options: tuple[str, ...], message: str
) -> None:
    done = run(folder, "explain", "nets.py:small", "a.npy", "rows/b.npy", "--quiet", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "explanation").exists()
