"""Where the methods look, where nobody says."""

import pytest
import torch
from torch import Tensor, nn

from specxai import linearize
from specxai.compare import all_methods, compare_methods, last_convolution, penultimate, prepare
from specxai.compare.classifier_layers import default_layers, last_convolutions
from specxai.errors import LayerError


class Around(nn.Module):
    """A sum of two branches: no layer inside lies on all paths."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(75, 3), nn.Linear(75, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.one(x.flatten(1)).relu() + self.two(x.flatten(1))


X = torch.randn(1, 3, 5, 5, generator=torch.Generator().manual_seed(0))


def test_the_last_activation_with_two_sides_and_the_one_before_the_output() -> None:
    pooled = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)
    lin = linearize(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), *pooled).eval(), X)
    assert (last_convolution(lin), penultimate(lin)) == ("1", "5")
    assert default_layers(lin) == ("1", "5")
    assert last_convolutions(lin, 5) == ("1",)
    two = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 2), nn.ReLU(), nn.Flatten()
    deep = linearize(nn.Sequential(*two, nn.Linear(16, 3)).eval(), X)
    assert last_convolutions(deep, 2) == ("1", "3")
    assert last_convolution(deep) == "3"


def test_without_a_convolution_those_that_look_at_one_have_no_map() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(75, 6), nn.ReLU(), nn.Linear(6, 3)).eval()
    instance, layers = prepare(model, X)
    assert tuple(layers) == ("2",)
    found = compare_methods(instance, all_methods(layers, fast=True)).attributions
    refused = {each.method: each.refusal for each in found if each.map is None}
    refused.pop("LRP by Zennit", None)  # an optional package
    names = "Grad-CAM", "HiResCAM", "NMF", "NMF"
    needs = "needs a convolution that all paths cross and that runs once"
    assert list(refused.values()) == [f"{name} {needs}" for name in names]


def test_where_no_layer_is_crossed_by_all_paths_layers_are_to_be_named() -> None:
    model = Around().eval()
    with pytest.raises(LayerError, match="name layers with --layers"):
        prepare(model, X)
    assert prepare(model, X, layers=["one"])[1] == ["one"]
