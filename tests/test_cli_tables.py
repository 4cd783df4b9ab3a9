"""Tables and points on the command line: rows, scales, reference cases, meshes."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

import specxai
from command_line import run
from specxai.models import load_model

pytestmark = pytest.mark.slow  # every test starts a process

NETS = """
import torch
from torch import nn


def table():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 9), nn.Tanh(), nn.Linear(9, 1)).eval()


def cloud():
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(60, 9), nn.Tanh(), nn.Linear(9, 2)).eval()
"""
NAMES = ["pressure", "speed", "angle", "width"]
RNG = np.random.default_rng(0)
ROWS = (RNG.normal(size=(20, 4)) * [1.0, 0.1, 3.0, 0.0] + [0.0, 1.0, 0.0, 2.0]).round(4)
POINTS = RNG.normal(size=(1, 20, 3)).astype(np.float32)
FACES = np.array([[0, 1, 2], [2, 3, 19]])
TABLE = "explain", "nets.py:table", "rows.csv", "--layer", "1", "--target", "0"
CLOUD = "explain", "nets.py:cloud", "points.npy", "--layer", "2", "--target", "0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets.py").write_text(NETS)
    lines = [",".join(NAMES), *(",".join(map(str, row)) for row in ROWS)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "case.csv").write_text(",".join(NAMES) + "\n0,1,0,1\n")
    (tmp_path / "text.csv").write_text("a,b\n1,low\n")
    np.save(tmp_path / "rows.npy", ROWS)
    np.save(tmp_path / "scale.npy", np.array([1.0, 0.1, 3.0, 1.0]))
    np.save(tmp_path / "points.npy", POINTS)
    np.save(tmp_path / "faces.npy", FACES)
    np.save(tmp_path / "far.npy", FACES + 10)
    np.save(tmp_path / "floats.npy", FACES.astype(float))
    return tmp_path


def numbers(folder: Path, *arguments: str) -> tuple[dict, str]:
    done = run(folder, *arguments, "--quiet", "--json", "--overwrite")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def table_explanation(folder: Path, row: int, **options: object) -> specxai.Explanation:
    net = load_model(f"{folder / 'nets.py'}:table").module
    x = torch.tensor(ROWS[row : row + 1], dtype=torch.float32)
    return specxai.explain(net, x, "1", 0, **options)


@pytest.mark.parametrize("name", ["rows.csv", "rows.npy"])
def test_a_row_is_explained_from_the_mean_in_units_of_the_deviation(
    folder: Path, name: str
) -> None:
    command = TABLE[0], TABLE[1], name, *TABLE[3:]
    options = "--row", "17", "--baseline", "mean", "--scale", "deviation"
    found, said = numbers(folder, *command, *options)
    spread = np.where(ROWS.std(0) > 0, ROWS.std(0), 1.0)
    ex = table_explanation(folder, 17, baseline="mean", scale=(ROWS.mean(0), spread))
    assert found["terms"]["output"] == pytest.approx(float(ex.output), rel=1e-6)
    assert found["baseline"] == "mean"
    stored = specxai.load(folder / "explanation/explanation.safetensors")
    assert torch.allclose(stored.singular_values, ex.singular_values, rtol=1e-4)
    assert torch.allclose(stored.contributions, ex.contributions, atol=1e-5)
    assert np.allclose(stored.scale, spread)
    assert np.allclose(stored.baseline, ROWS.mean(0))
    constant = "width" if name == "rows.csv" else "value 3"
    note = f"{constant}: the same in all rows, scale 1"
    assert found["input_note"] == note
    assert said == f"{name} row 17: {note}\n"


def test_the_mean_of_the_rows_needs_no_scale_and_a_case_may_be_a_file(folder: Path) -> None:
    numbers(folder, *TABLE, "--row", "3", "--baseline", "mean")
    start = torch.tensor(ROWS.mean(0)[None], dtype=torch.float32)
    stored = specxai.load(folder / "explanation/explanation.safetensors")
    assert torch.allclose(stored.baseline, start)
    assert stored.scale is None
    numbers(folder, *TABLE, "--row", "3", "--baseline", "case.csv", "--scale", "scale.npy")
    stored = specxai.load(folder / "explanation/explanation.safetensors")
    assert stored.baseline.tolist() == [[0, 1, 0, 1]]
    assert np.allclose(stored.scale, [1.0, 0.1, 3.0, 1.0])
    assert stored.baseline_name == "case.csv"


@pytest.mark.parametrize(
    ("name", "scale", "baseline"),
    [
        ("rows.csv", (), "mean"),
        ("rows.npy", ("--scale", "scale.npy"), "mean"),
        ("case.csv", (), "zero"),
    ],
)
def test_a_table_is_explained_from_the_mean_of_its_rows(
    folder: Path, name: str, scale: tuple[str, ...], baseline: str
) -> None:
    command = TABLE[0], TABLE[1], name, *TABLE[3:], *scale
    found, _ = numbers(folder, *command, *(() if name == "case.csv" else ("--row", "2")))
    assert found["baseline"] == baseline
    stored = specxai.load(folder / "explanation/explanation.safetensors")
    expected = ROWS.mean(0) if baseline == "mean" else np.zeros(4)
    assert np.allclose(stored.baseline, expected, atol=1e-7)


def test_an_equation_names_the_columns(folder: Path) -> None:
    done = run(folder, "symbolic", *TABLE[1:], "--row", "0", "--scale", "deviation", "--quiet")
    assert done.returncode == 0, done.stderr
    assert all(f"| {name} |" in done.stdout for name in NAMES)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (TABLE, "holds 20 rows: of INPUT choose one by --row, from 0 to 19"),
        ((*TABLE, "--row", "20"), "rows are counted from 0, choose 0 to 19"),
        ((*TABLE, "--row", "0", "--scale", "none.npy"), "does not exist"),
        ((*TABLE, "--row", "0", "--baseline", "rows.csv"), "holds 20 rows"),
        (
            ("explain", "nets.py:table", "text.csv", "--layer", "1"),
            "line 2: 'b' is 'low', no number",
        ),
        ((*CLOUD, "--faces", "floats.npy"), "integers of shape (faces, 3)"),
        ((*CLOUD, "--faces", "nets.py"), "save the triangles with numpy.save"),
        ((*CLOUD, "--faces", "far.npy"), "number the 20 points from 0"),
        ((*TABLE, "--row", "0", "--faces", "faces.npy"), "--faces goes with an input of shape"),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, arguments: tuple[str, ...], fault: str) -> None:
    done = run(folder, *arguments, "--quiet")
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert fault in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("faces", [None, "faces.npy"])
def test_points_are_drawn_and_written_for_viewers(folder: Path, faces: str | None) -> None:
    mesh = () if faces is None else ("--faces", faces)
    done = run(folder, *CLOUD, "--baseline", "zero", *mesh, "--quiet")
    assert done.returncode == 0, done.stderr
    assert "explanation.vtp" in done.stdout
    with Image.open(folder / "explanation/explanation.png") as figure:
        assert figure.size[0] > 1000
    piece = ElementTree.parse(folder / "explanation/explanation.vtp").find("PolyData/Piece")
    assert piece.get("NumberOfPoints") == "20"
    assert piece.get("NumberOfVerts" if faces is None else "NumberOfPolys") is not None
    stored = specxai.load(folder / "explanation/explanation.safetensors")
    arrays = {each.get("Name"): each.text for each in piece.iter("DataArray")}
    for k in stored.top(3).tolist():
        values = np.array(arrays[f"alpha_{k}"].split(), float)
        assert values.sum() == pytest.approx(float(stored.contributions[k]), abs=1e-5)
