from importlib.resources import files

import numpy as np
import pytest
import torch

from specxai_studies.shapes.cars import Cars, load_cars, openfoam, unlabelled_cars
from specxai_studies.shapes.cars.body import full_points, half_points
from specxai_studies.shapes.cars.parameters import PARAMETERS, SEED
from specxai_studies.shapes.dataset import DataSet
from specxai_studies.shapes.labels import read_table
from specxai_studies.shapes.parameters import draw

PLACE = files("specxai_studies.shapes.cars")


@pytest.fixture(scope="module")
def rows():
    return read_table(PLACE.joinpath("labels.csv").read_text())


@pytest.fixture(scope="module")
def card():
    return PLACE.joinpath("CARD.md").read_text()


def test_cars_are_a_data_set():
    assert isinstance(Cars(), DataSet)


def test_drawn_parameters_are_those_of_the_first_trials():
    """NumPy's stream for seed [7, 0] and triangular draws, in a fixed order."""
    generator = np.random.default_rng([7, 0])
    values = draw(PARAMETERS, SEED, 0)
    assert values["length"] == generator.triangular(4.2, 4.6, 5.0)
    for each in PARAMETERS[1:-1]:
        generator.triangular(each.low, each.nominal, each.high)
    assert values["roof_camber"] == generator.triangular(0.0, 0.03, 0.07)


def test_the_table_is_small_and_every_car_is_in_it_once(rows):
    assert len(PLACE.joinpath("labels.csv").read_bytes()) < 1_000_000
    indices = [row["index"] for row in rows]
    assert indices == sorted(set(indices))


def test_the_table_holds_the_drawn_parameters(rows):
    for row in rows[:: max(1, len(rows) // 50)]:
        for name, value in draw(PARAMETERS, SEED, int(row["index"])).items():
            assert row[name] == pytest.approx(value, rel=1e-5, abs=1e-9)


def test_labels_are_plausible_and_settled(rows, card):
    unsettled = [
        row["index"]
        for row in rows
        if abs(row["drift"]) > 0.01 or row["scatter"] > 0.02 * row["drag_area"]
    ]
    assert len(unsettled) < 0.01 * len(rows)
    assert f"{len(unsettled)} never\nsettled" in card
    for row in rows:
        assert 0.08 < row["drag_area"] / row["frontal_area"] < 0.25  # no wheels, smooth floor
        assert abs(row["drift"]) < 0.01 or row["iterations"] == 300
        assert row["scatter"] < 0.04 * row["drag_area"]


def test_labels_follow_the_physics(rows):
    """A higher estate's tail and a larger front mean more drag; so does less taper behind."""
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for name in ("deck_height", "frontal_area"):
        assert np.corrcoef(columns[name], columns["drag_area"])[0, 1] > 0.1
    assert np.corrcoef(columns["boat_tail"], columns["drag_area"])[0, 1] < -0.05


def test_loading_needs_no_solver(monkeypatch, tmp_path):
    monkeypatch.setattr(openfoam, "_HOME", tmp_path)
    cars = load_cars(5)
    assert cars.points.shape == (5, 2952, 3)
    assert cars.points.dtype == torch.float32
    assert cars.parameters.shape == (5, 16)
    assert "coarse-RANS" in cars.label
    index = int(cars.indices[4])
    expected = full_points(half_points(draw(PARAMETERS, SEED, index)))
    assert np.abs(cars.points[4].numpy() - expected).max() < 1e-4  # six digits of a table
    assert int(cars.faces.max()) == 2951
    assert set(cars.numbers) >= {"drift", "scatter", "frontal_area", "iterations"}


def test_unlabelled_cars_go_on_where_labels_end():
    found = unlabelled_cars(5000, 2)
    expected = full_points(half_points(draw(PARAMETERS, SEED, 5001))).astype(np.float32)
    assert found.shape == (2, 2952, 3)
    assert torch.equal(found[1], torch.from_numpy(expected))


def test_the_card_names_every_parameter(card):
    for each in PARAMETERS:
        line = next(line for line in card.splitlines() if f"| `{each.name}` |" in line)
        assert f"{each.low:g} … {each.nominal:g} … {each.high:g}" in line
        assert f"| {each.unit} |" in line


def test_the_card_counts_cars_and_reruns_as_the_table_does(card, rows):
    reruns = sum(row["iterations"] == 300 for row in rows)
    assert f"{len(rows):,} parametric cars" in card
    assert f"{reruns} of them drifted" in card
    assert "coarse-RANS drag" in card
