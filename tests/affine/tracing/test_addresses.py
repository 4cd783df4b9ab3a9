"""A module in place of the address of its call."""

import copy

import pytest
import torch
from torch import nn

import specxai
from specxai.errors import LayerError


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.relu, self.b, self.unused = (
            nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Linear(4, 4),
        )  # fmt: skip
        self.again = self.b  # one module under two names

    def forward(self, x):
        return self.again(self.relu(self.relu(self.a(x))))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Shared().eval()


def test_a_module_is_its_address(model):
    x = torch.ones(1, 3)
    by_module = specxai.explain(model, x, model.a, 0)
    by_name = specxai.explain(model, x, "a", 0)
    assert by_module.layer == by_name.layer == "a"
    assert by_module.contributions.equal(by_name.contributions)
    lin = specxai.linearize(model, x)
    assert lin.is_cut(model.a)
    assert lin.rows([0], model.a).equal(lin.rows([0], "a"))
    assert lin.layer(model.again).address in ("b", "again")


def test_several_modules_and_those_of_an_evolution(model):
    x = torch.ones(1, 3)
    assert specxai.explain(model, x, [model.a, "b"], 0).layer == ("a", "b")
    layers = specxai.evolve(model, x, [model.b, model.a], 0).layers
    assert [layer.layer for layer in layers] == ["a", "b"]


def test_a_module_called_several_times_has_no_one_address(model):
    with pytest.raises(LayerError, match=r"a ReLU, is called 2 times: choose of 'relu', 'relu#2'"):
        specxai.explain(model, torch.ones(1, 3), model.relu, 0)


def test_other_modules_are_refused(model):
    x = torch.ones(1, 3)
    with pytest.raises(LayerError, match="a Linear, is no module of this Shared: give one of its"):
        specxai.explain(model, x, copy.deepcopy(model.a), 0)
    with pytest.raises(LayerError, match="'unused', a Linear, is not called"):
        specxai.explain(model, x, model.unused, 0)
    with pytest.raises(LayerError, match="the model itself"):
        specxai.explain(model, x, model, 0)
