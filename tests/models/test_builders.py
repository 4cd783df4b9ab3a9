from pathlib import Path

import pytest

from specxai.models.builders import builders

SOURCE = """
import torch
from torch.nn import Module, Sequential

raise SystemExit("this file must not be run")

def build():
    return Net()

def sized(width, depth=2):
    return Net()

def usual(width=3, *, depth=2):
    return Net()

def report():
    print("no network")

def main():
    return 0

def preprocess(picture=None):
    return picture

def _hidden():
    return Net()

class Net(Module):
    def __init__(self, width=3): ...

class Wide(torch.nn.Module):
    def __init__(self, width): ...

class Deep(Net): ...

class Options: ...

net = Net().eval()
made = build()
WIDTH = 3
data = open("file")
"""


def test_what_can_be_called_without_arguments_is_listed_and_nothing_is_run(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(SOURCE)
    found = builders(tmp_path / "net.py")
    assert found == ["build", "usual", "Net", "Deep", "net", "made"]


@pytest.mark.parametrize("content", [b"def (", b"\x00", b"\xff\xfe"])
def test_what_is_no_python_has_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.py").write_bytes(content)
    assert builders(tmp_path / "net.py") == []
    assert builders(tmp_path / "absent.py") == []
