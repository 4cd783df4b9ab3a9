import sys
from importlib.resources import files

import numpy as np
import pytest
import torch

from specxai.errors import MissingExtraError
from specxai_studies.shapes.generate import generate
from specxai_studies.shapes.labels import read_table
from specxai_studies.shapes.parameters import draw, nominal
from specxai_studies.shapes.turbines import Turbines, load_turbines, unlabelled_turbines
from specxai_studies.shapes.turbines.geometry import turbine_points
from specxai_studies.shapes.turbines.parameters import (
    PARAMETERS,
    SEED,
    sample_turbine,
    turbine_of,
)
from specxai_studies.shapes.turbines.turbine import Turbine

TABLE = files("specxai_studies.shapes.turbines").joinpath("labels.csv")


@pytest.fixture(scope="module")
def rows():
    return read_table(TABLE.read_text())


def test_parameters_are_named_with_unit_range_and_source():
    assert len(PARAMETERS) == len({each.name for each in PARAMETERS}) == 13 + 3 * 5
    for each in PARAMETERS:
        assert each.low < each.nominal < each.high or each.low == each.nominal == 0
        assert each.unit in {"m", "deg", "1"}
        assert each.meaning
        assert each.source


def test_the_nominal_turbine_is_the_default():
    assert turbine_of(nominal(PARAMETERS)) == Turbine()


def test_drawn_parameters_stay_within_their_bounds():
    for index in range(200):
        values = draw(PARAMETERS, SEED, index)
        assert all(each.low <= values[each.name] <= each.high for each in PARAMETERS)


def test_drawn_parameters_are_those_of_the_first_trials():
    """NumPy's stream for seed [11, 0] and triangular draws, in a fixed order."""
    generator = np.random.default_rng([11, 0])
    assert sample_turbine(0).radius == generator.triangular(57.0, 63.0, 68.0)
    for each in PARAMETERS[1:-1]:
        generator.triangular(each.low, each.nominal, each.high)
    assert sample_turbine(0).blades[2].bump == generator.triangular(-0.05, 0.0, 0.05)


def test_the_table_is_small_and_has_enough_turbines(rows):
    assert len(TABLE.read_bytes()) < 1_000_000
    assert len(rows) >= 1200
    assert len({row["index"] for row in rows}) == len(rows)


def test_the_table_holds_the_drawn_parameters(rows):
    for row in rows[:: len(rows) // 50]:
        for name, value in draw(PARAMETERS, SEED, int(row["index"])).items():
            assert row[name] == pytest.approx(value, rel=1e-5, abs=1e-9)


def test_labels_are_the_worst_blades_stress(rows):
    for row in rows:
        assert row["stress"] == max(row[f"blade_{k}_stress"] for k in (1, 2, 3))
        assert 30 < row["stress"] < 250
        assert 10_000 < row["blade_1_mass"] < 50_000


def test_what_cannot_matter_does_not_correlate(rows):
    """Tower diameters and nacelle are independent of the label, to chance; the radius is not."""
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    chance = 4 / np.sqrt(len(rows))
    for name in ("tower_base", "tower_top", "nacelle"):
        assert abs(np.corrcoef(columns[name], columns["stress"])[0, 1]) < chance
    assert np.corrcoef(columns["radius"], columns["stress"])[0, 1] > 2 * chance
    assert np.corrcoef(columns["thickness"], columns["stress"])[0, 1] < -2 * chance


def test_loading_needs_no_solver(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyfe3d", None)
    turbines = load_turbines(5)
    assert turbines.points.shape == (5, 2928, 3)
    assert turbines.points.dtype == torch.float32
    assert turbines.parameters.shape == (5, len(turbines.names))
    assert turbines.labels.shape == (5,)
    expected = turbine_points(sample_turbine(int(turbines.indices[4])))
    assert np.abs(turbines.points[4].numpy() - expected).max() < 2e-3  # six digits of a table
    assert int(turbines.faces.max()) == turbines.parts["nacelle"].stop - 1
    assert turbines.numbers["thrust"].shape == (5,)


def test_unlabelled_turbines_go_on_where_labels_end():
    found = unlabelled_turbines(5000, 2)
    assert found.shape == (2, 2928, 3)
    expected = turbine_points(sample_turbine(5001)).astype(np.float32)
    assert torch.equal(found[1], torch.from_numpy(expected))


def test_solving_without_the_solver_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyfe3d", None)
    with pytest.raises(MissingExtraError, match=r"specxai-studies\[shapes\]"):
        generate(Turbines(), 1, tmp_path, 1)


def test_generation_repeats_the_table(tmp_path, rows):
    """Two turbines, one after the other in two calls, come out as they were shipped."""
    pytest.importorskip("pyfe3d", reason="finite elements need the extra 'shapes'")
    generate(Turbines(), 1, tmp_path, 1)
    outcomes = generate(Turbines(), 2, tmp_path, 1)
    assert [each.failure for each in outcomes] == ["", ""]
    made = read_table((tmp_path / "labels.csv").read_text())
    assert list(made[0]) == list(rows[0])
    for here, shipped in zip(made, rows, strict=False):
        assert list(here.values()) == pytest.approx(list(shipped.values()), rel=1e-4)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["labels.csv", "outcomes.jsonl"]


def test_solving_points_that_stayed_gives_the_label(rows):
    pytest.importorskip("pyfe3d", reason="finite elements need the extra 'shapes'")
    values = draw(PARAMETERS, SEED, 1)
    found = Turbines().solve_points(values, turbine_points(turbine_of(values)))
    for name, value in found.items():
        assert value == pytest.approx(rows[1][name], rel=1e-4)


def test_the_card_names_every_parameter_and_the_number_of_turbines(rows):
    card = files("specxai_studies.shapes.turbines").joinpath("CARD.md").read_text()
    assert f"{len(rows):,} parametric" in card
    for each in PARAMETERS:
        name = each.name.replace("blade_1", "blade_k")
        if each.name.startswith(("blade_2", "blade_3")):
            continue
        line = next(line for line in card.splitlines() if f"| `{name}` |" in line)
        assert f"{each.low:g} … {each.nominal:g} … {each.high:g}" in line
