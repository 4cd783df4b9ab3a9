"""Sensitivities of a small network of four points, against differences point by point."""

from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from specxai_studies.shapes.coordinates import fit_coordinates
from specxai_studies.shapes.sensitivity import (
    STEPS,
    differences_claim,
    differences_table,
    measure_sensitivity,
    solver_steps,
    solver_steps_table,
)

FACES = torch.tensor([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
CORNERS = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


@pytest.fixture(scope="module")
def experiment():
    generator = torch.Generator().manual_seed(0)
    points = CORNERS + 0.1 * torch.randn(30, 4, 3, generator=generator)
    torch.manual_seed(1)
    layers = torch.nn.Flatten(), torch.nn.Linear(12, 9), torch.nn.ReLU(), torch.nn.Linear(9, 1)
    return SimpleNamespace(
        coordinates=fit_coordinates(points, 4),
        predictor=torch.nn.Sequential(*layers).eval().requires_grad_(False),
        shapes=SimpleNamespace(points=points, faces=FACES, indices=torch.arange(30)),
    )


def label(experiment, points):
    """The network in float64, written out."""
    coordinates, net = experiment.coordinates, experiment.predictor
    x = ((points - coordinates.mean.double()) / coordinates.scale.double()).flatten()
    hidden = (net[1].weight.double() @ x + net[1].bias.double()).clamp(min=0)
    return float((net[3].weight.double() @ hidden + net[3].bias.double()).item())


@pytest.mark.usefixtures("unchecked_annotations")
def test_each_point_against_a_difference_along_its_normal(experiment):
    found = measure_sensitivity(experiment, 3)
    points, step = experiment.shapes.points[3].double(), 1e-6
    for k in range(4):
        normal = torch.from_numpy(found.surface.normals[k])
        ends = []
        for sign in (1, -1):
            moved = points.clone()
            moved[k] += sign * step * normal
            ends.append(label(experiment, moved))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert found.raw[k] * found.surface.areas[k] == pytest.approx(slope, rel=1e-5)
    assert found.errors[-1] < 1e-6
    assert differences_claim([found]).holds
    assert differences_table([found]).count("\n") == len(STEPS) + 1


@pytest.mark.usefixtures("unchecked_annotations")
def test_from_the_mean_shape_the_slopes_lead_to_the_shape(experiment):
    """Only the part along the normals is per area: all of u leads from the mean shape's label."""
    from specxai_studies.shapes.sensitivity import gradient_in_metres

    points = experiment.shapes.points[3].double()
    mean = experiment.coordinates.mean.double()
    u = torch.from_numpy(gradient_in_metres(experiment, points, "zero"))
    expected = label(experiment, points) - label(experiment, mean)
    assert float((u * (points - mean)).sum()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.usefixtures("unchecked_annotations")
def test_the_file_holds_all_fields(experiment, tmp_path):
    found = measure_sensitivity(experiment, 3)
    found.write(tmp_path / "s.vtp")
    arrays = ElementTree.parse(tmp_path / "s.vtp").getroot().iter("DataArray")
    read = {each.get("Name"): np.array(each.text.split(), float) for each in arrays}
    assert np.allclose(read["sensitivity"], found.raw)
    assert np.allclose(read["sensitivity_smooth"], found.smooth)
    assert np.allclose(read["sensitivity_from_mean"], found.from_mean)
    assert np.allclose(read["sensitivity_from_mean_smooth"], found.from_mean_smooth)
    assert np.allclose(read["normal"].reshape(-1, 3), found.surface.normals)


@pytest.mark.usefixtures("unchecked_annotations")
def test_a_solver_that_is_twice_the_network(experiment):
    found = measure_sensitivity(experiment, 3)

    def solve(position, moved):
        return 2 * label(experiment, moved)

    steps = solver_steps(experiment, 3, found, solve, lambda way: way, (1e-3, 1e-4))
    for each in steps:
        assert each.solved == pytest.approx(2 * each.predicted, rel=1e-6)
        assert each.stated == pytest.approx(each.predicted, rel=1e-3)
        assert each.stated == pytest.approx(found.derivative, rel=1e-6)
    assert "2.00" in solver_steps_table(steps, "MPa")
