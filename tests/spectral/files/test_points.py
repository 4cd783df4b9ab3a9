from xml.etree import ElementTree

import numpy as np
import pytest
import torch

import specxai
from specxai.errors import InvalidInputError
from specxai.spectral.files.points import write_fields


@pytest.fixture(scope="module")
def explanation():
    torch.manual_seed(0)
    layers = torch.nn.Flatten(), torch.nn.Linear(12, 5), torch.nn.ELU(), torch.nn.Linear(5, 1)
    x = torch.randn(1, 4, 3)
    return specxai.explain(torch.nn.Sequential(*layers).eval(), x, "2", 0)


POINTS = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
FACES = torch.tensor([[0, 2, 1], [0, 1, 3]])


def test_ply_holds_points_fields_and_faces(explanation, tmp_path):
    path = tmp_path / "body.ply"
    explanation.export_points(path, POINTS, FACES, [1])
    head, body = path.read_text().split("end_header\n")
    names = [line.split()[-1] for line in head.splitlines() if line.startswith("property double")]
    assert names == ["x", "y", "z", "alpha_1", "map_1", "phi_1_x", "phi_1_y", "phi_1_z"]
    lines = body.splitlines()
    rows = np.array([[float(value) for value in line.split()] for line in lines[:4]])
    phi = explanation.right_vectors([1])[0].double().numpy()
    assert np.allclose(rows[:, :3], POINTS)
    assert np.allclose(rows[:, 5:], phi)
    assert np.allclose(rows[:, 4], (phi * explanation.x[0].double().numpy()).sum(1))
    assert np.allclose(rows[:, 3], explanation.contribution_maps(1, dim=2))
    assert lines[4:] == ["3 0 2 1", "3 0 1 3"]


def test_from_a_baseline_all_maps_are_of_the_step(tmp_path):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3), torch.nn.ELU()).eval()
    x, x0 = torch.randn(2, 1, 4, 3)
    ex = specxai.explain(net, x, "2", 0, baseline=x0)
    ex.export_points(tmp_path / "body.vtp", POINTS, None, [0])
    arrays = ElementTree.parse(tmp_path / "body.vtp").getroot().iter("DataArray")
    read = {each.get("Name"): np.array(each.text.split(), float) for each in arrays}
    assert np.allclose(read["alpha_0"], ex.contribution_maps(0, dim=2)[0])
    assert read["alpha_0"].sum() == pytest.approx(float(ex.contributions[0]), rel=1e-5)
    assert read["map_0"].sum() == pytest.approx(
        float(ex.coefficients[0] / ex.singular_values[0]), rel=1e-5
    )


@pytest.mark.parametrize(("faces", "cells", "count"), [(FACES, "Polys", 2), (None, "Verts", 4)])
def test_vtp_holds_points_fields_and_cells(explanation, tmp_path, faces, cells, count):
    path = tmp_path / "body.vtp"
    explanation.export_points(path, POINTS, faces)
    piece = ElementTree.parse(path).getroot().find("PolyData/Piece")
    assert piece.get("NumberOfPoints") == "4"
    assert piece.get(f"NumberOf{cells}") == str(count)
    arrays = {each.get("Name"): each for each in piece.iter("DataArray")}
    top = explanation.top(3).tolist()
    for k in top:
        values = np.array(arrays[f"phi_{k}"].text.split(), float).reshape(4, 3)
        assert np.allclose(values, explanation.right_vectors([k])[0])
    offsets = [int(each) for each in arrays["offsets"].text.split()]
    connectivity = [int(each) for each in arrays["connectivity"].text.split()]
    assert len(offsets) == count
    assert offsets[-1] == len(connectivity)


@pytest.mark.parametrize(
    ("name", "points", "faces"),
    [
        ("body.stl", POINTS, FACES),
        ("body.ply", POINTS[:3], None),
        ("body.vtp", POINTS, torch.tensor([[0, 1, 4]])),
        ("body.vtp", POINTS, torch.tensor([[-1, 0, 1]])),
        ("body.vtp", POINTS, torch.tensor([[0, 1, 2, 3]])),
        ("body.vtp", POINTS, FACES.float()),
        ("body.ply", POINTS / 0, FACES),
    ],
)
@pytest.mark.usefixtures("unchecked_annotations")
def test_what_does_not_fit_is_refused(explanation, tmp_path, name, points, faces):
    with pytest.raises(InvalidInputError):
        explanation.export_points(tmp_path / name, points, faces)
    assert not list(tmp_path.iterdir())


def test_arrays_are_taken_as_tensors_are(explanation, tmp_path):
    explanation.export_points(tmp_path / "tensors.ply", POINTS, FACES)
    explanation.export_points(tmp_path / "arrays.ply", POINTS.numpy(), FACES.numpy())
    assert (tmp_path / "arrays.ply").read_bytes() == (tmp_path / "tensors.ply").read_bytes()


@pytest.mark.usefixtures("unchecked_annotations")
def test_fields_of_any_name_are_written_and_fit_the_points(tmp_path):
    path, values = tmp_path / "body.vtp", np.arange(4.0)[:, None]
    write_fields(path, POINTS, FACES, {"area": values})
    arrays = ElementTree.parse(path).getroot().iter("DataArray")
    read = {each.get("Name"): np.array(each.text.split(), float) for each in arrays}
    assert read["area"].tolist() == [0, 1, 2, 3]
    with pytest.raises(InvalidInputError, match="'area' has 3 rows for 4 points"):
        write_fields(path, POINTS, FACES, {"area": values[:3]})
