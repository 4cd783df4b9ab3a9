"""Shapes put back along a component, with a solver whose answer is known."""

from types import SimpleNamespace

import pytest
import torch

import specxai
from specxai_studies.shapes.coordinates import fit_coordinates
from specxai_studies.shapes.put_back import (
    AT_X,
    FROM_MEAN,
    first_part,
    put_back,
    put_back_claims,
    put_back_table,
)


@pytest.fixture(scope="module")
def points():
    return torch.randn(30, 8, 3, generator=torch.Generator().manual_seed(0))


def network(bend):
    torch.manual_seed(1)
    layers = torch.nn.Flatten(), torch.nn.Linear(24, 6), bend, torch.nn.Linear(6, 1)
    return torch.nn.Sequential(*layers).eval().requires_grad_(False)


def put(points, net, factor):
    coordinates = fit_coordinates(points, 10)
    x = coordinates.scaled(points[4][None])
    experiment = SimpleNamespace(
        coordinates=coordinates,
        predictor=net,
        shapes=SimpleNamespace(points=points, indices=torch.arange(30)),
    )
    maps = {
        name: SimpleNamespace(
            positions=(4,),
            explanations=(specxai.explain(net, x, "2", 0, baseline=baseline),),
            evolutions=(None,),
        )
        for name, baseline in ((AT_X, None), (FROM_MEAN, "zero"))
    }

    def solve(position, moved):
        assert position == 4
        return factor * float(net(coordinates.scaled(moved.float()[None])))

    return x, maps, put_back(experiment, maps, solve, lambda way: way, lambda *_: None)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(("factor", "holds"), [(1.0, True), (-1.0, False), (5.0, False)])
def test_an_affine_network_says_what_its_solver_says(points, factor, holds):
    _, _, changes = put(points, network(torch.nn.Identity()), factor)
    assert [each.map for each in changes] == [AT_X, FROM_MEAN]
    for each in changes:
        assert each.kept == pytest.approx(1)
        assert each.stated == pytest.approx(each.alpha, rel=1e-3)
        assert each.predicted_back == pytest.approx(each.alpha, rel=1e-2)
        assert each.predicted_on == pytest.approx(each.alpha, rel=1e-2)
        for ratio in each.ratios.values():
            assert ratio == pytest.approx(factor, rel=2e-2)
    for claim in put_back_claims(changes):
        assert (claim.holds, claim.from_baseline.holds) == (holds, holds)
    assert put_back_table(changes, "MPa").count("\n") == 3


@pytest.mark.usefixtures("unchecked_annotations")
def test_ends_of_a_bent_network_are_those_of_the_real_network(points):
    net = network(torch.nn.ReLU())
    x, maps, changes = put(points, net, 1.0)
    for each in changes:
        part, component = first_part(maps[each.map].explanations[0])
        phi = maps[each.map].explanations[0].right_vectors([component])[0]
        assert float((phi * (x[0] - part)).sum()) == pytest.approx(0, abs=1e-4)
        back = float(net(x) - net(x - part))
        given = float(net(part[None]) - net(torch.zeros_like(x)))
        assert each.predicted_back == pytest.approx(back, abs=1e-4)
        assert each.predicted_on == pytest.approx(given, abs=1e-4)
        assert each.solved_back == pytest.approx(back, abs=1e-4)
        assert each.stated == pytest.approx(each.alpha, abs=1e-4)
