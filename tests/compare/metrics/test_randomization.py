import math

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from maps import factors, maps, noise
from specxai.compare.metrics import randomized_copies, rank_correlation, weighted_layers


class Backwards(nn.Module):
    """Layers that are named in another order than they run in."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.middle = nn.Linear(4, 4)
        self.first = nn.Linear(3, 4)
        self.never = nn.Linear(2, 2)

    def forward(self, x):
        return self.last(self.middle(self.middle(self.first(x).relu())).relu())


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Backwards().eval()


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_layers_from_the_output_back(model):
    x = torch.ones(1, 3)
    assert weighted_layers(model, x) == ["last", "middle", "first", "never"]


def test_more_and_more_layers_are_shuffled_and_the_network_is_not(model):
    before = weights(model)
    layers = ["last", "middle", "first", "never"]
    for depth, copy in zip((1, 3), randomized_copies(model, layers, [1, 3], 0), strict=True):
        for name, value in weights(copy).items():
            same = name.split(".")[0] in layers[depth:]
            assert torch.equal(value, before[name]) == same, name
            assert torch.equal(value.flatten().sort()[0], before[name].flatten().sort()[0])
    assert all(torch.equal(value, before[name]) for name, value in weights(model).items())


def test_the_same_seed_shuffles_alike(model):
    state = torch.random.get_rng_state()
    one, two, other = (
        next(randomized_copies(model, ["last"], [1], seed)).last.weight for seed in (0, 0, 1)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(state, torch.random.get_rng_state())


@settings(deadline=None)
@given(maps, maps, factors)
def test_rank_correlation_by_ranks(map_, other, factor):
    ranks = torch.stack([each.flatten().argsort().argsort().double() for each in (map_, other)])
    expected = float(torch.corrcoef(ranks)[0, 1])
    assert rank_correlation(map_, other) == pytest.approx(expected)
    assert rank_correlation(factor * map_, other.exp()) == pytest.approx(expected)


def test_rank_correlation_at_its_ends():
    x = noise(3, 4)
    assert rank_correlation(x, x) == pytest.approx(1)
    assert rank_correlation(x, -x) == pytest.approx(-1)
    assert math.isnan(rank_correlation(x, torch.ones(3, 4)))
