"""Options from specxai.toml: found, taken, overruled, and faults in it told in one line."""

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import run

pytestmark = pytest.mark.slow  # every test starts a process

NETS = """
import torch


def small():
    torch.manual_seed(0)
    parts = torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)
    return torch.nn.Sequential(*parts).eval()
"""
OPTIONS = """
[explain]
layer = "0"
target = -1
quiet = true
json = true

[symbolic]
terms = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work" / "deeper").mkdir(parents=True)
    (tmp_path / "work" / "deeper" / "nets.py").write_text(NETS)
    np.save(tmp_path / "work" / "deeper" / "x.npy", np.ones((1, 6), np.float32))
    (tmp_path / "work" / "specxai.toml").write_text(OPTIONS)
    return tmp_path / "work" / "deeper"


EXPLAIN = "explain", "nets.py:small", "x.npy", "--overwrite"


def test_options_of_a_folder_above_are_taken_and_overruled(folder: Path) -> None:
    done = run(folder, *EXPLAIN)
    assert done.returncode == 0, done.stderr
    taken = json.loads(done.stdout)
    assert (taken["layer"], taken["target"]) == ("0", 2)
    overruled = json.loads(run(folder, *EXPLAIN, "--target", "0").stdout)
    assert (overruled["layer"], overruled["target"]) == ("0", 0)


def test_the_nearest_file_counts_alone(folder: Path) -> None:
    (folder / "specxai.toml").write_text("[explain]\njson = true\nquiet = true\n")
    found = json.loads(run(folder, *EXPLAIN).stdout)
    assert found["layer"] != "0"


def test_no_config_reads_none(folder: Path) -> None:
    (folder / "specxai.toml").write_text("[broken")
    done = run(folder, *EXPLAIN, "--no-config", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["layer"] != "0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[explain]\nlayr = "1"\n', '"[layr]" from {file}. Did you mean --layer?'),
        ('[explian]\nlayer = "1"\n', "{file}: [explian] is no command: did you mean [explain]?"),
        ("[frobnicate]\n", "{file}: [frobnicate] is no command: 'specxai --help' lists them"),
        ('layer = "1"\n', "{file}: layer stands in no table: put it under [explain]"),
        ('[explain]\nmethod = "magic"\n', '"magic" for [method] from {file}'),
        ("[explain\n", "cannot read options from {file}: "),
    ],
)
def test_a_fault_is_one_line_with_file_and_key(folder: Path, text: str, message: str) -> None:
    file = folder / "specxai.toml"
    file.write_text(text)
    done = run(folder, *EXPLAIN)
    assert done.returncode == 2
    assert message.format(file=file) in done.stderr
    assert done.stderr.startswith("specxai: ")
    assert done.stderr.count("\n") == 1
    for word in ("--help", "--version"):
        assert run(folder, word).returncode == 0
