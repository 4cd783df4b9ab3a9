import sys

import pytest
import torch
from PIL import Image
from torch import nn

from specxai.errors import LoadError
from specxai.models import load_input, load_model

SOURCE = """
from neighbour import WIDTH
from torch import nn

def build():
    return nn.Linear(WIDTH, 2)

network = nn.Sequential(nn.Linear(3, 2)).eval()
number = 3

def broken():
    raise ValueError("no such\\nthing")

def leaves():
    raise SystemExit(2)
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "neighbour.py").write_text("WIDTH = 3")
    path = tmp_path / "net.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop("neighbour", None)


def test_a_callable_is_called_and_its_mode_kept(file):
    path = list(sys.path)
    model = load_model(f"{file}:build")
    assert model.name == "net.py:build"
    assert isinstance(model.module, nn.Linear)
    assert model.module.training
    assert "net" not in sys.modules
    assert sys.path == path


def test_a_network_is_taken_as_it_is(file):
    model = load_model(f"{file}:network")
    assert isinstance(model.module, nn.Sequential)
    assert not model.module.training


def test_weights_come_from_a_file(file, tmp_path):
    torch.save({"weight": torch.ones(2, 3), "bias": torch.ones(2)}, tmp_path / "w.pt")
    assert load_model(f"{file}:build", str(tmp_path / "w.pt")).module.weight.eq(1).all()


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("absent", "no attribute 'absent'"),
        ("number", "gives a int"),
        ("broken", "ValueError: no such"),
        ("leaves", "SystemExit"),
    ],
)
def test_what_is_not_a_network_is_an_error(file, attribute, message):
    with pytest.raises(LoadError, match=message) as caught:
        load_model(f"{file}:{attribute}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["import nonesuch", "def (", "raise SystemExit"])
def test_a_file_that_fails_is_an_error(tmp_path, source):
    (tmp_path / "bad.py").write_text(source)
    with pytest.raises(LoadError, match="cannot be imported") as caught:
        load_model(f"{tmp_path / 'bad.py'}:build")
    assert "\n" not in str(caught.value)


PREPARE = """
import torch
from torch import nn
network = nn.Flatten().eval()
def preprocess(picture):
"""


def test_a_function_beside_the_network_prepares_pictures(tmp_path):
    Image.new("RGB", (9, 5), "white").save(tmp_path / "white.png")
    path = tmp_path / "net.py"
    path.write_text(
        f"{PREPARE}    small = picture.resize((4, 2))\n"
        "    return torch.tensor(list(small.tobytes())).float().reshape(1, 2, 4, 3).movedim(3, 1)\n"
    )
    model = load_model(f"{path}:network")
    assert model.input_shape == (3, 2, 4)
    found = load_input(str(tmp_path / "white.png"), model)
    assert found.tensor.eq(torch.full((1, 3, 2, 4), 255.0)).all()
    assert found.image.size == (9, 5)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    raise KeyError('size')", "preprocess\\(\\) failed"),
        ("    return None", "must return a tensor"),
        ("    return torch.zeros(3, 2, 2)", "must return a tensor"),
        ("    return torch.zeros(1, 3, *picture.size)", "of one shape"),
    ],
)
def test_a_function_that_does_not_prepare_pictures_is_an_error(tmp_path, body, message):
    (tmp_path / "net.py").write_text(PREPARE + body)
    with pytest.raises(LoadError, match=message):
        load_model(f"{tmp_path / 'net.py'}:network")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(LoadError, match="does not exist"):
        load_model(f"{tmp_path / 'none.py'}:build")
