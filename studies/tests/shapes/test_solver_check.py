"""The moves before the solver, with a solver whose answer is known."""

import math
from types import SimpleNamespace

import pytest
import torch

import specxai
from specxai.cache import Cache
from specxai.errors import SpecxaiError
from specxai_studies.shapes.coordinates import fit_coordinates
from specxai_studies.shapes.solver_check import (
    check,
    remembering,
    solver_claims,
    solver_table,
    told,
    trust,
)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(("factor", "holds"), [(1.0, True), (-1.0, False), (5.0, False)])
def test_moves_tell_a_true_explanation_from_a_false_one(tmp_path, factor, holds):
    points = torch.randn(30, 8, 3, generator=torch.Generator().manual_seed(0))
    coordinates = fit_coordinates(points, 10)
    torch.manual_seed(1)
    layers = torch.nn.Flatten(), torch.nn.Linear(24, 6), torch.nn.Identity(), torch.nn.Linear(6, 1)
    network = torch.nn.Sequential(*layers).eval().requires_grad_(False)
    x = coordinates.scaled(points[4][None])
    explanation = specxai.explain(network, x, "1", 0)
    experiment = SimpleNamespace(
        coordinates=coordinates,
        predictor=network,
        shapes=SimpleNamespace(points=points, indices=torch.arange(30)),
    )
    findings = SimpleNamespace(positions=(4,), explanations=(explanation,), evolutions=(None,))

    def solve(position, moved):
        assert position == 4
        return factor * float(network(coordinates.scaled(moved.float()[None])))

    moves = check(
        experiment, findings, solve, lambda way: way, 0.05, Cache.at(tmp_path), lambda *_: None
    )
    assert [move.direction for move in moves] == ["first vector", "second vector", "gradient"]
    for move in moves:
        assert move.kept == pytest.approx(1)
        assert move.predicted == pytest.approx(move.linear, rel=1e-2)
        assert move.solved == pytest.approx(factor * move.predicted, rel=1e-2)
    assert [claim.holds for claim in solver_claims(moves)] == [holds] * 3
    assert solver_table(moves, "MPa").count("\n") == 4
    said = trust(moves)
    assert said.count("may not be trusted") == (3 if factor < 0 else 0)
    assert said.count("for the sign, not for the size") == (3 if factor == 5 else 0)


def test_a_solver_is_asked_once_about_the_same_points(tmp_path):
    asked = []

    def solve(position, points):
        asked.append(position)
        return float(points.sum()) + position

    points = torch.arange(6.0).reshape(2, 3)
    for _ in range(2):
        remembered = remembering(solve, Cache.at(tmp_path))
        assert remembered(1, points) == 16
        assert remembered(2, points) == 17
        assert remembered(1, points + 1) == 22
    assert asked == [1, 2, 1]


def test_points_that_the_solver_refuses_have_no_number(tmp_path):
    def solve(position, points):
        raise SpecxaiError("the surface is folded")

    label = remembering(solve, Cache.at(tmp_path))(0, torch.zeros(2, 3))
    assert math.isnan(label)
    assert (told(label, "+.2f"), told(0.5, "+.2f")) == ("–", "+0.50")
