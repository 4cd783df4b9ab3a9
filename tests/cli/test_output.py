"""Where commands write: checked before they compute, and by one run at a time."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_line import run
from specxai.cli.output import output_file, output_folder
from specxai.errors import SpecxaiError

pytestmark = pytest.mark.slow  # every test starts a process

NETS = """
import torch


def small():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU()).eval()
"""

# Holds a folder until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from specxai.cli.output import output_folder

with output_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_folder_is_made_and_unmade_if_nothing_comes_of_it(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    with output_folder(deep):
        (deep / "kept").write_text("")
    assert [path.name for path in deep.iterdir()] == ["kept"]
    with pytest.raises(ZeroDivisionError), output_folder(deep / "c" / "d"):
        raise ZeroDivisionError
    assert [path.name for path in deep.iterdir()] == ["kept"]


def test_results_of_an_earlier_run_are_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "two.png").write_text("old")
    refused = pytest.raises(SpecxaiError, match=r"two\.png is there .* --out, or --overwrite")
    with refused, output_folder(tmp_path, ["one.png", "two.png"]):
        pytest.fail("nothing is computed")
    with refused, output_file(tmp_path / "two.png"):
        pytest.fail("nothing is computed")
    with output_folder(tmp_path, ["two.png"], overwrite=True):
        pass
    with output_file(tmp_path / "two.png", overwrite=True):
        pass
    with output_folder(tmp_path):  # a run that goes on with what is there
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["two.png"]


def test_what_is_no_folder_and_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecxaiError, match="file is a file and no folder"):
        output_folder(tmp_path / "file").__enter__()
    with pytest.raises(SpecxaiError, match=r"cannot make the folder .*deeper: Not a directory"):
        output_folder(tmp_path / "file" / "deeper").__enter__()
    with pytest.raises(SpecxaiError, match="is a folder: give the name of a file"):
        output_file(tmp_path).__enter__()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SpecxaiError, match=r"cannot write into .*Permission denied"):
        output_folder(tmp_path).__enter__()


def test_a_file_system_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(SpecxaiError, match=r"cannot write into .*Read-only file system"):
        output_folder(tmp_path / "new").__enter__()
    assert not (tmp_path / "new").exists()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with output_folder(tmp_path):
        with pytest.raises(SpecxaiError, match=r"another run is writing .*: wait for it"):
            output_folder(tmp_path, overwrite=True).__enter__()
        with output_file(tmp_path / "one.png"), output_file(tmp_path / "two.png"):
            pass
    with output_folder(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_locked_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specxai.cli.output.fcntl", None)
    with output_folder(tmp_path), output_folder(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(SpecxaiError, match="another run"):
                output_folder(tmp_path).__enter__()
        finally:
            holder.kill()
    with output_folder(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "no-model", "no-input"),
        ("evolve", "no-model", "no-input"),
        ("surgery", "no-model", "no-input"),
        ("compare", "no-model", "no-input"),
        ("show", "no-file"),
        ("study", "imagenet", "--models", "no-model,no-model"),
        ("study", "squares"),
        ("study", "turbines"),
    ],
)
def test_commands_check_their_folder_first(tmp_path: Path, command: tuple[str, ...]) -> None:
    if command[1] == "turbines":
        pytest.importorskip("pyfe3d")
    (tmp_path / "taken").write_text("")
    done = run(tmp_path, *command, "--out", "taken")
    assert done.returncode == 2, done.stderr
    assert done.stderr == "specxai: taken is a file and no folder: give another --out\n"


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (("similarity", "no-file", "--out", "old.png"), "old.png is there from an earlier run"),
        (("similarity", "no-file", "--out", "new.xyz"), "new.xyz: give a name that ends in .png"),
        (("bench", "--table", "old.png"), "old.png is there from an earlier run"),
        (("bench", "autoencoder", "--out", "."), ". is a folder: give the name of a file"),
    ],
)
def test_commands_check_their_file_first(
    tmp_path: Path, command: tuple[str, ...], fault: str
) -> None:
    (tmp_path / "old.png").write_text("old")
    done = run(tmp_path, *command)
    assert done.returncode == 2, done.stderr
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["old.png"]


def test_a_second_run_replaces_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(NETS)
    np.save(tmp_path / "x.npy", np.ones((1, 6), np.float32))
    command = "explain", "nets.py:small", "x.npy", "--layer", "1", "--quiet"
    assert run(tmp_path, *command).returncode == 0
    file = tmp_path / "explanation" / "explanation.safetensors"
    before = file.stat().st_mtime_ns
    again = run(tmp_path, *command)
    assert again.returncode == 2
    assert "explanation.png is there from an earlier run" in again.stderr
    assert file.stat().st_mtime_ns == before
    assert run(tmp_path, *command, "--overwrite").returncode == 0
    assert file.stat().st_mtime_ns > before
    with output_folder(tmp_path / "explanation"):
        busy = run(tmp_path, *command, "--overwrite")
    assert busy.returncode == 2
    assert "another run is writing explanation" in busy.stderr
