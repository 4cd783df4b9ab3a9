"""What is taken as a scale, and what of a fitted scaler."""

import numpy as np
import pytest
import torch
from torch import nn

from specxai import linearize
from specxai.affine.scale import read_scale
from specxai.errors import InvalidInputError

ROWS = np.array([[1.0, 200.0, 7.0], [3.0, 500.0, 7.0], [8.0, 100.0, 7.0], [4.0, 900.0, 7.0]])
X = torch.tensor([[2.0, 300.0, 7.0]], dtype=torch.float64)


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler"])
def test_a_scaler_gives_the_step_that_it_makes_one(name: str) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    scaler = getattr(preprocessing, name)().fit(ROWS)
    found = read_scale(scaler, X)
    here, there = scaler.transform(ROWS[:1]), scaler.transform(ROWS[:1] + found.deviation.numpy())
    assert np.allclose(there - here, 1)
    if name == "StandardScaler":
        assert np.allclose(found.mean, ROWS.mean(0))
        assert np.allclose(found.deviation, [*ROWS.std(0)[:2], 1.0])
    else:
        assert found.mean is None


@pytest.mark.parametrize(
    "given",
    [
        torch.tensor([1.0, 2.0, 3.0]),
        torch.tensor([[1, 2, 3]]),
        np.array([1.0, 2.0, 3.0], np.float32),
        [1, 2, 3],
    ],
)
def test_deviations_are_taken_as_they_are(given: object) -> None:
    found = read_scale(given, X)
    assert found.deviation.equal(torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64))
    assert found.mean is None


def test_what_broadcasts_is_spread_and_a_flat_row_folded() -> None:
    picture = torch.zeros(1, 2, 3, 4)
    channels = read_scale(torch.tensor([[[2.0]], [[5.0]]]), picture).deviation
    assert channels.shape == picture.shape
    assert channels[0, 1].eq(5).all()
    flat = read_scale(torch.arange(1.0, 25.0), picture).deviation
    assert flat.flatten().tolist() == list(range(1, 25))
    assert read_scale(3.0, picture).deviation.eq(3).all()
    pair = read_scale(([0.0, 1, 2], 2.0), X)
    assert pair.mean.tolist() == [[0, 1, 2]]
    assert pair.deviation.eq(2).all()
    assert read_scale(None, X) is None


def unfitted() -> object:
    return pytest.importorskip("sklearn.preprocessing").StandardScaler()


def without_deviations() -> object:
    scaler = pytest.importorskip("sklearn.preprocessing").StandardScaler(with_std=False)
    return scaler.fit(ROWS)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([1.0, 0.0, 2.0], "has 0 for value 1"),
        ([1.0, 1.0, -2.0], "has -2 for value 2"),
        ([1.0, float("nan"), 2.0], "not finite"),
        ([1.0, 2.0], r"is .*, the input \(1, 3\)"),
        (torch.ones(2), r"is \(2,\), the input \(1, 3\)"),
        ((1.0, 2.0, 3.0), "tuple of 3"),
        (([1.0, 2.0], 1.0), "mean of the scale"),
        ("deviation", "str is no scale"),
        (unfitted, "StandardScaler is not fitted"),
        (without_deviations, "StandardScaler is not fitted, or without deviations"),
    ],
)
def test_what_is_no_scale_is_refused_in_a_line(given: object, fault: str) -> None:
    with pytest.raises(InvalidInputError, match=fault) as caught:
        read_scale(given() if callable(given) else given, X)
    assert "\n" not in str(caught.value)


def test_a_scale_beyond_the_input_s_digits_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="not finite in torch"):
        read_scale([1.0, 1e60, 1.0], X.float())
    with pytest.raises(InvalidInputError, match="has 0 for value 1"):
        read_scale([1.0, 1e-60, 1.0], X.float())


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double().eval()


def test_the_mean_of_the_scale_is_the_baseline_mean() -> None:
    lin = linearize(network(), X, baseline="mean", scale=(ROWS.mean(0), [1.0, 2, 3]))
    assert lin.baseline.equal(torch.tensor(ROWS.mean(0))[None])
    assert lin.baseline_name == "mean"


def test_a_scale_without_a_mean_leaves_none_for_values_of_their_own_units() -> None:
    with pytest.raises(InvalidInputError, match="units of their own"):
        linearize(network(), X, baseline="mean", scale=[1.0, 2, 3])
    with pytest.raises(InvalidInputError, match="equals the input"):
        linearize(network(), X, baseline="mean", scale=(X[0], 1.0))
    picture = torch.randn(1, 2, 3, 3)
    net = nn.Sequential(nn.Conv2d(2, 1, 3), nn.Flatten()).eval()
    own = linearize(net, picture, baseline="mean")
    scaled = linearize(net, picture, baseline="mean", scale=2.0)
    assert scaled.baseline.equal(own.baseline)


def test_the_map_itself_knows_no_scale() -> None:
    own, scaled = linearize(network(), X), linearize(network(), X, scale=[1.0, 2, 3])
    assert scaled.rows([0]).equal(own.rows([0]))
    assert scaled.scale.tolist() == [[1, 2, 3]]
    assert own.scale is None


def test_noise_is_in_parts_of_the_scale() -> None:
    scale = torch.tensor([[1.0, 100.0, 1e-3]], dtype=torch.float64)
    lin = linearize(network(), X, baseline="zero", average=400, noise=0.1, scale=scale, seed=1)
    steps = torch.cat([copy.x - X for copy in lin.copies])
    assert torch.allclose(steps.std(0), 0.1 * scale[0], rtol=0.1)


def test_the_advised_baseline_is_the_mean_that_a_scale_knows() -> None:
    lin = linearize(network(), X, baseline="auto", scale=(ROWS.mean(0), [1.0, 2, 3]))
    assert lin.baseline_name == "mean"
    assert linearize(network(), X, baseline="auto", scale=[1.0, 2, 3]).baseline_name == "zero"
