"""``specxai symbolic``, run as a user runs it: in a process of its own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from command_line import run as specxai
from specxai.cli.reading import read_names
from specxai.errors import LoadError

pytestmark = pytest.mark.slow  # every test starts a process

NETS = """
import torch
from torch import nn


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(), nn.Linear(5, 2)).eval()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user")
    (path / "nets.py").write_text(NETS)
    np.save(path / "x.npy", np.array([[0.5, -1.0, 2.0]], np.float32))
    (path / "names.csv").write_text("name,unit\nspan,mm\nangle,\nmass,kg\n")
    (path / "short.csv").write_text("span\nangle\n")
    (path / "wide.csv").write_text("span,mm,a,3\n")
    (path / "empty.csv").write_text("name\n")
    (path / "nameless.csv").write_text("span\n,mm\n")
    (path / "broken.csv").write_bytes(b"\xff\xfe\x00")
    return path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    given = "symbolic", "nets.py:small", "x.npy", "--layer", "1", "--baseline", "none", "--quiet"
    return specxai(folder, *given, *options)


def test_markdown_with_names_and_units(folder: Path) -> None:
    done = run(folder, "-n", "1", "--names", "names.csv")
    assert done.returncode == 0, done.stderr
    for text in ("of nets.py:small", "| mass | 2 kg |", "per kg", "remainder of 2 terms", "‖x‖"):
        assert text in done.stdout
    assert "| coefficient ∂y/∂input | coefficient × value | in shown terms |" in done.stdout


def test_the_model_file_names_outputs_and_inputs(folder: Path) -> None:
    names = "\nCLASSES = 'cat', 'dog'\nFEATURES = 'a', 'b', 'c'\nUNITS = {'c': 'kg'}\n"
    (folder / "named.py").write_text(NETS + names)
    given = "symbolic", "named.py:small", "x.npy", "--layer", "1", "--baseline", "none", "--quiet"
    done = specxai(folder, *given, "--target", "dog")
    assert done.returncode == 0, done.stderr
    assert "| c | 2 kg |" in done.stdout
    assert "y = output 1 of" in done.stdout


def test_json_adds_up(folder: Path) -> None:
    done = run(folder, "-n", "2", "--reduced", "--target", "0", "--format", "json")
    found = json.loads(done.stdout)
    total = sum(term["contribution"] for term in found["terms"])
    total += found["remainder"] + found["unresolved"] + found["bypass"] + found["bias"]
    slopes = sum(part["coefficient"] * part["value"] for part in found["inputs"])
    assert slopes + found["bias"] == pytest.approx(found["output"], rel=1e-5)
    shown = sum(part["shown_contribution"] for part in found["inputs"])
    assert shown == pytest.approx(sum(term["contribution"] for term in found["terms"]), rel=1e-5)
    assert found["reduced"]
    assert found["target"] == 0
    assert total == pytest.approx(found["output"], rel=1e-5)


def test_latex_is_one_equation(folder: Path) -> None:
    done = run(folder, "--format", "latex", "--names", "names.csv")
    assert done.stdout.startswith("y = ")
    assert done.stdout.count("\n") == 1
    assert r"\mathrm{span}" in done.stdout


def test_a_fault_is_one_line(folder: Path) -> None:
    done = run(folder, "--names", "short.csv")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "2 feature names for an input of 3 values" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("absent.csv", "cannot read names from .*absent.csv: No such file"),
        ("broken.csv", "cannot read names from .*broken.csv"),
        ("wide.csv", "wide.csv: 'span,mm,a,3' is no name"),
        ("empty.csv", "empty.csv: '' is no name"),
        ("nameless.csv", "nameless.csv: ',mm' is no name"),
    ],
)
def test_files_that_hold_no_names(folder: Path, file: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        read_names(folder / file)


def test_names_without_a_heading_or_units(folder: Path) -> None:
    assert read_names(folder / "short.csv") == (["span", "angle"], ["", ""], None)


def test_names_units_and_groups(folder: Path) -> None:
    (folder / "grouped.csv").write_text("name,unit,group\nspan,mm,size\nangle,,\nchord,mm,size\n")
    names = read_names(folder / "grouped.csv")
    assert names == (["span", "angle", "chord"], ["mm", "", "mm"], {"size": [0, 2]})
