"""Ctrl-C in the middle of a long run."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # every test starts a process

NET = """
import torch

def slow():
    torch.manual_seed(0)
    conv = [torch.nn.Conv2d(16, 16, 3, padding=1) for _ in range(6)]
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1), *conv, torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(16 * 48 * 48, 2048), torch.nn.ReLU(), torch.nn.Linear(2048, 2),
    ).eval()
"""

# A shell starts background jobs, such as a test run, with SIGINT ignored, and children inherit it.
MAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from specxai.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for a child on Windows")
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    import numpy as np

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "nets.py").write_text(NET)
    np.save(tmp_path / "x.npy", np.ones((1, 3, 96, 96), np.float32))
    command = [sys.executable, "-c", MAIN, "explain", "nets.py:slow", "x.npy", "--layer", "10"]
    options = ["--method", "exact", "--memory", "330MiB", "--scratch", str(scratch), "--out", "out"]
    with subprocess.Popen(
        [*command, *options], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            deadline = time.monotonic() + 120
            while running.poll() is None and time.monotonic() < deadline:
                if any(scratch.iterdir()):
                    time.sleep(1)
                    break
                time.sleep(0.1)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 130, errors
    assert "interrupted" in errors
    assert not list(scratch.iterdir())
    assert not (tmp_path / "out").exists()
