"""``specxai compare``, run as a user runs it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from command_line import run as specxai

pytestmark = pytest.mark.slow  # every test starts a process

NETS = """
import torch
from torch import nn


def net():
    torch.manual_seed(3)
    body = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten()
    return nn.Sequential(*body, nn.Linear(256, 12), nn.ReLU(), nn.Linear(12, 5)).eval()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user")
    (path / "nets.py").write_text(NETS)
    noise = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    np.save(path / "x.npy", noise)
    np.save(path / "row.npy", noise.reshape(1, -1))
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return specxai(folder, "compare", "nets.py:net", *arguments)


def test_a_comparison_is_printed_written_and_gone_on_with(folder: Path) -> None:
    options = "x.npy", "--fast", "--json", "--out", "found", "--seed", "1"
    some = run(folder, *options, "--methods", "gradient × input,top 3 at 5")
    assert some.returncode == 0, some.stderr
    kept = {file: file.stat().st_mtime_ns for file in (folder / "found/cache").iterdir()}
    assert len(kept) == 2
    done = run(folder, *options, "--layers", "2,5", "--weights", "none")
    assert done.returncode == 0, done.stderr
    assert all(file.stat().st_mtime_ns == time for file, time in kept.items())
    ((title, found),) = json.loads(done.stdout)["inputs"].items()
    assert title.startswith("nets.py:net on x.npy: output ")
    by_name = {each["method"]: each for each in found["methods"]}
    start = "specxai from the baseline,"
    assert [name for name in by_name if name.startswith("specxai")] == [
        *(f"specxai top 3 at {k}" for k in (2, 5)),
        *(f"{start} {what}" for what in ("total", "averaged", "contrast")),
        *(f"{start} {what}first 3 at {k}" for k in (2, 5) for what in ("", "averaged, ")),
    ]
    assert by_name["gradient × input"]["sum"] == pytest.approx(found["linear"], rel=1e-4)
    assert by_name["gradient × input"]["forward"] == 1
    refused = {each["method"]: each["refusal"] for each in found["methods"] if each["refusal"]}
    assert set(refused) <= {"LRP by Zennit"}  # where it is not installed
    report = (folder / "found/report.md").read_text()
    assert "| gradient × input |" in report
    assert "baseline, which is zeros" in report
    assert "weights are random" in report
    assert (folder / "found/comparison-x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["x.npy", "--layers", "9"], "no layer '9'"),
        (["row.npy"], "methods are compared on one image"),
    ],
)
def test_a_fault_is_one_line(folder: Path, arguments: list[str], problem: str) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("specxai: ")
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr
