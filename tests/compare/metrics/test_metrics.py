"""Each measure against a slow, obvious form of it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from specxai.compare.metrics import (
    area,
    area_of_energy,
    bootstrap_mean,
    deletion_curve,
    gini,
    insertion_curve,
    mass_inside,
    mean_overlap,
    noisy_inputs,
    points_inside,
    randomized_copies,
    rank_correlation,
    relative_change,
)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


maps = st.integers(0, 1000).map(lambda seed: noise(3, 4, seed=seed))


class Sum(nn.Module):
    """Two outputs: a weighted sum of the pixels, and nothing."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        total = (self.weight * x).sum((1, 2, 3))
        return torch.stack([total, torch.zeros_like(total)], 1)


def test_deletion_and_insertion_pixel_by_pixel():
    x, weight, baseline = noise(1, 2, 3, 4), noise(1, 2, 3, 4, seed=1), noise(1, 2, 3, 4, seed=2)
    model, map_ = Sum(weight), noise(3, 4, seed=3)
    fractions = [k / 12 for k in range(13)]
    order = map_.flatten().argsort(descending=True).tolist()
    deleted, inserted = x.clone(), baseline.clone()
    down, up = [], []
    for k in range(13):
        for curve, picture in ((down, deleted), (up, inserted)):
            curve.append(float(model(picture).softmax(1)[0, 0]))
        if k < 12:
            row, column = divmod(order[k], 4)
            deleted[..., row, column] = baseline[..., row, column]
            inserted[..., row, column] = x[..., row, column]
    arguments = (0, map_, baseline, fractions)
    assert deletion_curve(model, x, *arguments).tolist() == pytest.approx(down)
    assert insertion_curve(model, x, *arguments).tolist() == pytest.approx(up)


@given(st.integers(0, 100))
def test_the_true_contributions_of_a_linear_model_are_the_best_order(seed):
    x, weight = noise(1, 1, 3, 4, seed=seed), noise(1, 1, 3, 4, seed=seed + 1)
    model, baseline = Sum(weight), torch.zeros(1, 1, 3, 4, dtype=torch.float64)
    fractions = [k / 12 for k in range(13)]
    areas = [
        area(fractions, deletion_curve(model, x, 0, map_, baseline, fractions))
        for map_ in ((weight * x)[0, 0], noise(3, 4, seed=seed + 2))
    ]
    assert areas[0] <= areas[1] + 1e-12


def test_the_area_under_a_line():
    assert area([0.0, 0.25, 1.0], torch.tensor([1.0, 0.75, 0.0])) == pytest.approx(0.5)


@given(maps)
def test_gini_by_all_pairs(map_):
    sizes = map_.abs().flatten().tolist()
    pairs = sum(abs(a - b) for a in sizes for b in sizes)
    assert gini(map_) == pytest.approx(pairs / (2 * len(sizes) * sum(sizes)))
    assert gini(3 * map_) == pytest.approx(gini(map_))


def test_gini_and_area_of_nothing():
    assert gini(torch.zeros(2, 2)) == 0
    assert area_of_energy(torch.zeros(2, 2)) == 0


@given(maps, st.floats(0.05, 0.95))
def test_the_area_of_energy_is_the_smallest(map_, share):
    energies = sorted((float(v) ** 2 for v in map_.flatten()), reverse=True)
    count = next(n for n in range(1, 13) if sum(energies[:n]) >= share * sum(energies) - 1e-12)
    assert area_of_energy(map_, share) == pytest.approx(count / 12)


@given(maps)
def test_inside_a_mask(map_):
    everything = torch.ones(3, 4, dtype=torch.bool)
    positive = bool((map_ > 0).any())
    assert mass_inside(map_, everything) == pytest.approx(1.0 if positive else 0.0)
    assert points_inside(map_, everything) == 1
    assert points_inside(map_, ~everything) == 0
    half = torch.arange(12).reshape(3, 4) < 6
    inside, outside = mass_inside(map_, half), mass_inside(map_, ~half)
    assert inside + outside == pytest.approx(1.0 if positive else 0.0)
    assert points_inside(map_, half) == float(int(map_.argmax()) < 6)


def test_overlap_of_the_same_of_others_and_of_noise():
    same = noise(1, 5, 5).repeat(3, 1, 1)
    assert mean_overlap(same) == pytest.approx(1)
    assert mean_overlap(same * torch.tensor([1.0, -2.0, 3.0])[:, None, None]) == pytest.approx(1)
    assert mean_overlap(torch.eye(4).reshape(4, 2, 2)) == 0
    assert math.isnan(mean_overlap(same[:1]))
    assert mean_overlap(noise(4, 300, 300)) == pytest.approx(2 / math.pi, abs=0.01)


def test_noise_has_its_size_and_its_seed():
    x = noise(1, 3, 40, 40) * 5
    first, second = noisy_inputs(x, 0.1, 2, seed=1)
    again = next(noisy_inputs(x, 0.1, 1, seed=1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert float((first - x).std() / x.std()) == pytest.approx(0.1, rel=0.05)
    assert relative_change(x[0, 0], x[0, 0]) == 0
    assert relative_change(x[0, 0], 3 * x[0, 0]) == pytest.approx(2)


def test_randomised_copies_from_the_output_down():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2)).eval()
    before = [layer.weight.clone() for layer in model if hasattr(layer, "weight")]
    changed = []
    for share, copy in randomized_copies(model, 3, seed=0):
        layers = [layer.weight for layer in copy if hasattr(layer, "weight")]
        changed.append([not torch.equal(a, b) for a, b in zip(layers, before, strict=True)])
        assert share == pytest.approx(len(changed) / 3)
        for old, new in zip(before, layers, strict=True):
            assert torch.equal(old.flatten().sort().values, new.flatten().sort().values)
    assert changed == [[False, False, True], [False, True, True], [True, True, True]]
    now = [layer.weight for layer in model if hasattr(layer, "weight")]
    assert all(torch.equal(a, b) for a, b in zip(now, before, strict=True))


@settings(deadline=None)
@given(maps, maps)
def test_rank_correlation_by_ranks(one, other):
    def ranks(map_):
        values = map_.flatten().tolist()
        return torch.tensor([sum(w < v for w in values) for v in values], dtype=torch.float64)

    expected = torch.corrcoef(torch.stack([ranks(one), ranks(other)]))[0, 1]
    assert rank_correlation(one, other) == pytest.approx(float(expected), abs=1e-9)
    assert rank_correlation(one, torch.ones(3, 4)) == 0


def test_the_interval_shrinks_with_the_number_of_images():
    values = noise(400).tolist()
    few, many = bootstrap_mean(values[:10]), bootstrap_mean(values)
    for found in (few, many):
        assert found.low < found.mean < found.high
    assert many.high - many.low < (few.high - few.low) / 3
    assert bootstrap_mean(values[:10]) == few
    assert math.isnan(bootstrap_mean([1.0]).low)
