import sys
from pathlib import Path

import pytest

from specxai.errors import LoadError
from specxai.models import load_model

SOURCE = """
from torch import nn

def build():
    return nn.Linear(3, 2)

net = build()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(SOURCE)
    (tmp_path / "empty.py").write_text("import torch\n")
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "own.py").write_text(SOURCE)
    (tmp_path / "nets" / "net.onnx").touch()
    (tmp_path / "pretrained").mkdir()
    (tmp_path / "pretrained" / "config.json").write_text("{}")
    (tmp_path / "bare").mkdir()
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spec", "advice"),
    [
        ("net.py", "write net.py:build or net.py:net"),
        ("net.py:", "write net.py:build or net.py:net"),
        ("net.py:build()", "write net.py:build or net.py:net"),
        ("net.py:Build", "name one that is in the file, such as build"),
        ("empty.py", "write empty.py:callable for one that returns an nn.Module"),
        ("absent.py", "check the path"),
        ("net.pt", "holds weights: .* path/to/file.py:callable --weights net.pt"),
        ("a/net.PTH", "--weights a/net.PTH"),
        ("net.keras", "export it to ONNX"),
        ("nets", "give nets/net.onnx or nets/own.py:build or nets/own.py:net"),
        ("pretrained", "from_pretrained"),
        ("bare", "is a folder: give torchvision:NAME"),
        ("pkg.nets:build", "give pkg/nets.py:build"),
        ("resnet18", r"did you mean torchvision:resnet18\?"),
        ("keras:alexnet", r"did you mean torchvision:alexnet\?"),
        ("efficientnet-lite1", r"did you mean demo:efficientnet-lite1\?"),
        ("mobilenetv4", "did you mean timm:mobilenetv4"),
    ],
)
def test_who_writes_another_form_is_told_what_to_write(spec: str, advice: str) -> None:
    with pytest.raises(LoadError, match=advice) as caught:
        load_model(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spec", ["", "net.tfl", "#"])
def test_an_unknown_form_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(LoadError, match=r"torchvision:NAME.*file\.pt2") as caught:
        load_model(spec)
    assert "\n" not in str(caught.value)


def test_collections_that_are_not_installed_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(LoadError, match="known form: give torchvision:NAME"):
        load_model("alexnet")
