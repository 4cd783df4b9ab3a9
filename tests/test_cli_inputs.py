"""Inputs on the command line: what was assumed of them is said; several tensors are arguments."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from command_line import run

pytestmark = pytest.mark.slow  # every test starts a process

PICTURES = """
import numpy as np
import torch
from torch import nn


def net():
    torch.manual_seed(3)
    body = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    return nn.Sequential(*body, nn.Linear(256, 12), nn.ReLU(), nn.Linear(12, 5)).eval()


def preprocess(image):
    pixels = np.asarray(image.resize((16, 16)), np.float32) / 255
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()
"""
PAIR = """
import torch
from torch import nn


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.z = nn.Embedding(5, 6), nn.Linear(2, 6)
        self.body = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.head = nn.Linear(8, 3)

    def forward(self, x, z, ids):
        return self.head(self.body(x + self.z(z) + self.table(ids).mean(1)))


def pair():
    return Pair().bfloat16().eval()
"""
NOTE = "16-bit picture, 0…65535 taken as black…white"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets.py").write_text(PICTURES)
    (tmp_path / "pair.py").write_text(PAIR)
    ramp = np.arange(400, dtype=np.uint16).reshape(20, 20)
    Image.fromarray(ramp * 164).save(tmp_path / "deep.png")
    Image.fromarray(np.rint(ramp * (164 / 257)).astype(np.uint8)).save(tmp_path / "plain.png")
    Image.new("RGBA", (20, 20), (255, 0, 0, 100)).save(tmp_path / "clear.png")
    np.save(tmp_path / "last.npy", np.ones((1, 16, 16, 3), np.float32))
    np.save(tmp_path / "bytes.npy", np.full((1, 3, 16, 16), 200, np.uint8))
    np.save(tmp_path / "wide.npy", np.ones((1, 3, 16, 20), np.float32))
    torch.manual_seed(0)
    tensors = {"x": torch.randn(1, 6), "z": torch.randn(1, 2), "ids": torch.tensor([[1, 4, 4]])}
    save_file(tensors, tmp_path / "pair.safetensors")
    save_file({**tensors, "y": torch.ones(1)}, tmp_path / "more.safetensors")
    return tmp_path


def outputs(folder: Path, name: str) -> tuple[dict, str]:
    quiet = "--layer", "5", "--target", "0", "--quiet", "--json"
    done = run(folder, "explain", "nets.py:net", name, "--out", Path(name).stem, *quiet)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_a_16_bit_picture_gives_the_numbers_of_8_bits_and_says_its_range(folder: Path) -> None:
    deep, said = outputs(folder, "deep.png")
    plain, silent = outputs(folder, "plain.png")
    assert deep["terms"] == plain["terms"]
    assert (deep["input_note"], said) == (NOTE, f"deep.png: {NOTE}\n")
    assert (plain["input_note"], silent) == ("", "")


@pytest.mark.parametrize(
    "command",
    [
        ("evolve", "--layers", "1,5", "--quiet", "--json"),
        ("surgery", "--layer", "5", "--target", "0", "--quiet", "--json"),
        ("symbolic", "--layer", "5", "--quiet", "--format", "json"),
        ("layers", "--json"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_says_what_was_assumed(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, command[0], "nets.py:net", "deep.png", *command[1:])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["input_note"] == NOTE
    assert done.stderr == f"deep.png: {NOTE}\n"


def test_a_comparison_puts_transparent_pixels_on_the_background(folder: Path) -> None:
    options = "--methods", "gradient × input", "--fast", "--quiet", "--json"
    done = run(folder, "compare", "nets.py:net", "clear.png", "--background", "white", *options)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["inputs"].values()
    assert found["input_note"] == "transparent pixels on white"
    assert "transparent pixels on white" in (folder / "comparison/report.md").read_text()


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "--layer", "body", "--quiet"),
        ("evolve", "--layers", "body.0,body.1", "--quiet"),
        ("surgery", "--layer", "body", "--drop", "0", "--quiet"),
        ("symbolic", "--layer", "body", "--quiet"),
        ("layers",),
    ],
    ids=lambda command: command[0],
)
def test_several_tensors_are_arguments(folder: Path, command: tuple[str, ...]) -> None:
    arguments = command[0], "pair.py:pair", "pair.safetensors", "--wrt", "z", *command[1:]
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_explained_tensor_is_the_one_named(folder: Path) -> None:
    terms = {}
    for wrt in ("x", "z"):
        arguments = "pair.py:pair", "pair.safetensors", "--wrt", wrt, "--out", wrt
        options = "--layer", "body", "--target", "0", "--precision", "double", "--json", "--quiet"
        done = run(folder, "explain", *arguments, *options)
        terms[wrt] = json.loads(done.stdout)["terms"]
    assert terms["x"]["output"] == pytest.approx(terms["z"]["output"], rel=1e-12)
    assert terms["x"]["linear"] != pytest.approx(terms["z"]["linear"], rel=0.01)
    for parts in terms.values():
        assert abs(parts["residual"]) < 1e-12
        assert parts["linear"] + parts["bias"] == pytest.approx(parts["output"], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "problem", "remedy"),
    [
        (("nets.py:net", "clear.png"), "transparent pixels", "--background white"),
        (("nets.py:net", "last.npy"), "(1, 16, 16, 3)", "transpose it to (C, H, W)"),
        (("nets.py:net", "bytes.npy"), "uint8 200…200", "prepared floating-point tensor"),
        (("pair.py:pair", "pair.safetensors"), "x, z", "--wrt x"),
        (("pair.py:pair", "more.safetensors", "--wrt", "x"), "holds y", "takes x, z, ids"),
    ],
)
def test_a_fault_is_one_line(
    folder: Path, arguments: tuple[str, ...], problem: str, remedy: str
) -> None:
    done = run(folder, "explain", *arguments, "--quiet", "--out", "bad")
    assert done.returncode == 2
    assert done.stderr.startswith("specxai: ")
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr
    assert remedy in done.stderr
    assert not (folder / "bad").exists()


def test_a_size_that_fails_says_which_one_is_taken(folder: Path) -> None:
    done = run(folder, "layers", "nets.py:net", "wide.npy")
    assert done.returncode == 2
    said, fault = done.stderr.splitlines()
    assert "of size (16, 20), where pictures are prepared to (16, 16)" in said
    assert fault.endswith("; nets.py:net takes (1, 3, 16, 16)")


def test_several_tensors_are_not_compared(folder: Path) -> None:
    done = run(folder, "compare", "pair.py:pair", "pair.safetensors")
    assert done.returncode == 2
    assert "several" in done.stderr
