"""Class names on the command line: from the model's file, from a file of names, as targets."""

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

CLASSES = "cat", "tiger cat", "dog"


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(), nn.Linear(5, 3)).eval()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user")
    (path / "named.py").write_text(NETS)
    (path / "nameless.py").write_text(NETS.replace("CLASSES", "ORDER"))
    np.save(path / "x.npy", np.array([[0.5, -1.0, 2.0]], np.float32))
    (path / "names.txt").write_text("one\ntwo\nthree\n")
    (path / "names.csv").write_text("number,name\n2,three\n0,one\n1,two\n")
    (path / "short.txt").write_text("one\ntwo\n")
    return path


def run(folder: Path, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    return specxai(folder, *command.split(), *options)


EXPLAIN = "--layer 1 --quiet --json --overwrite"


@pytest.mark.parametrize(
    ("model", "options", "target", "name"),
    [
        ("named.py:small", "--target dog", 2, "dog"),
        ("named.py:small", "--target -1", 2, "dog"),
        ("named.py:small", "--target -3", 0, "cat"),
        ("named.py:small", "--target tiger", 1, "tiger cat"),
        ("named.py:small", "--target two --classes names.txt", 1, "two"),
        ("nameless.py:small", "--target three --classes names.csv", 2, "three"),
        ("nameless.py:small", "--target -2", 1, None),
        ("named.py:small", "--target cat --against -1", 0, "cat against dog"),
        ("named.py:small", "--target cat --against dog,tiger", 0, "cat against dog and tiger cat"),
        (
            "nameless.py:small",
            "--target -1 --against one --classes names.txt",
            0,
            "three against one",
        ),
    ],
)
def test_a_class_is_found_and_named(
    folder: Path, model: str, options: str, target: int, name: str | None
) -> None:
    done = run(folder, f"explain {model} x.npy {EXPLAIN} {options}")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["target"], summary["class"]) == (target, name)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--target dgo", "did you mean 'dog'?"),
        ("--target -4", "out of range"),
        ("--classes short.txt", "2 class names for the 3 outputs of named.py:small"),
        ("--classes short.txt --against runner-up", "2 class names for the 3 outputs"),
        ("--classes absent.txt", "'absent.txt' does not exist"),
        ("--classes x.npy", "cannot be read"),
    ],
)
def test_a_fault_is_one_line(folder: Path, options: str, message: str) -> None:
    done = run(folder, f"explain named.py:small x.npy {EXPLAIN} --out bad {options}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "bad").exists()


@pytest.mark.parametrize(
    "command",
    [
        "evolve named.py:small x.npy --layers 0,1 --quiet --json --overwrite",
        "surgery named.py:small x.npy --layer 1 --quiet --json --overwrite",
        "symbolic named.py:small x.npy --layer 1 --quiet --format json",
    ],
    ids=lambda command: command.split()[0],
)
def test_every_command_takes_names(folder: Path, command: str) -> None:
    done = run(folder, command, "--classes", "names.txt", "--target", "three")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["target"] == 2


def test_a_model_file_without_a_callable_lists_those_it_has(folder: Path) -> None:
    done = run(folder, "layers named.py x.npy")
    assert done.returncode == 2
    assert "write named.py:small" in done.stderr
    assert done.stderr.count("\n") == 1
