"""Each method against what it should be, written out by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from specxai.compare import (
    all_methods,
    choose_methods,
    compare_methods,
    components_method,
    last_map,
    prepare,
)
from specxai.compare.superpixels import segments
from specxai.errors import InvalidInputError, UnsupportedOperationError


def by_name(name, layers=("4", "8"), fast=True):
    return choose_methods(all_methods(layers, fast), [name])[0]


def gradient_of(instance):
    x = instance.x.clone().requires_grad_()
    return torch.autograd.grad(instance.model(x)[0, instance.target], x)[0]


def test_the_gradient_and_its_product(instance):
    torch.testing.assert_close(by_name("gradient").values(instance), gradient_of(instance))
    product = by_name("gradient × input").values(instance)
    torch.testing.assert_close(product, gradient_of(instance) * instance.x)


def test_integrated_gradients_sum_to_the_change(instance):
    values = by_name("integrated", fast=False).values(instance)
    change = (instance.model(instance.x) - instance.model(instance.baseline))[0, instance.target]
    assert float(values.sum()) == pytest.approx(float(change.detach()), rel=0.05)


def test_smooth_gradients_are_gradients_nearby_and_repeat(instance):
    first, second = (by_name("SmoothGrad").values(instance) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    cosine = F.cosine_similarity(first.flatten(), gradient_of(instance).flatten(), 0)
    assert 0.3 < float(cosine) < 0.9999


def test_grad_cam_by_hand(instance):
    assert instance.layer == "5"
    z = instance.model[:6](instance.x).detach().requires_grad_()
    slope = torch.autograd.grad(instance.model[6:](z)[0, instance.target], z)[0]
    coarse = (slope.mean((2, 3), keepdim=True) * z.detach()).sum(1, keepdim=True).relu()
    expected = F.interpolate(coarse, (16, 16), mode="bilinear")
    torch.testing.assert_close(by_name("Grad-CAM").values(instance), expected)


def test_relevance_without_biases_is_gradient_times_input(instance):
    """With ε → 0 and no biases LRP is gradient × input in a network of ReLU."""
    for module in instance.model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.zeros_(module.bias)
    found = by_name("LRP").values(instance)
    expected = gradient_of(instance) * instance.x
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3, padding=1)
        self.relu, self.head = nn.ReLU(), nn.Linear(3, 2)

    def forward(self, x):
        z = self.relu(self.stem(x))
        return self.head(self.relu(z + self.relu(self.conv(z))).mean((2, 3)))


def test_relevance_refuses_a_module_that_runs_twice(x):
    torch.manual_seed(0)
    instance, places = prepare(Residual().eval(), x)
    result = compare_methods(instance, all_methods(places, fast=True))
    (relevance,) = (each for each in result.attributions if each.method == "LRP")
    assert relevance.map is None
    assert "relu runs several times" in relevance.refusal
    with pytest.raises(UnsupportedOperationError):
        by_name("LRP").values(instance)
    refused = {each.method for each in result.attributions if each.map is None}
    factors = {"NMF concepts", "leading NMF concept"}  # of an output that is not rectified
    assert refused == {"DeepLIFT", "LRP", "LRP by Zennit", *factors}


def test_lime_finds_the_sums_of_a_linear_model():
    class Linear(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.linspace(-1, 1, 3 * 24 * 24).reshape(1, 3, 24, 24)

        def forward(self, x):
            return (self.weight * x).sum((1, 2, 3))[:, None].repeat(1, 2)

    x = torch.zeros(1, 3, 24, 24)
    x[..., :12, :] = 1.0
    x[..., 12:, 12:] = 2.0
    from specxai.compare import Instance

    instance = Instance(Linear(), x, 0, torch.zeros_like(x), "")
    found = by_name("LIME").values(instance)
    mask = segments(x)
    assert len(mask.unique()) >= 3
    for number in mask.unique():
        inside = mask == number
        true = float((Linear().weight * x)[0, :, inside].sum())
        assert float(found[0, 0, inside].sum()) == pytest.approx(true, rel=0.01, abs=0.5)


@pytest.mark.parametrize("layer", ["4", "8"])
def test_all_our_components_are_gradient_times_input_and_few_are_their_leading_part(
    instance, layer
):
    from specxai import explain

    ex = explain(instance.model, instance.x, layer, instance.target, method="exact")
    weights = (ex.psi * ex.singular_values).float().reshape(-1, 1, 1, 1)
    every = (weights * ex.right_vectors(range(ex.rank)) * instance.x).sum(0, keepdim=True)
    torch.testing.assert_close(every, gradient_of(instance) * instance.x, rtol=1e-3, atol=1e-5)
    top = ex.top(3, by="contribution")
    expected = (weights[top] * ex.right_vectors(top) * instance.x).sum(0, keepdim=True)
    found = components_method(layer, 3, by="contribution").values(instance)
    assert float((found - expected).norm() / expected.norm()) < 0.05


def test_methods_are_found_by_a_part_of_their_name():
    methods = all_methods(["4"])
    assert choose_methods(methods, ["lime"])[0].name == "LIME"
    assert choose_methods(methods, ["gradient"])[0].name == "gradient"
    assert choose_methods(methods, ["lrp"])[0].name == "LRP"
    assert choose_methods(methods, ["shap"])[0].name == "KernelSHAP"
    with pytest.raises(InvalidInputError, match="is no method: choose from 'gradient'"):
        choose_methods(methods, ["saliency"])
    with pytest.raises(InvalidInputError, match="stands for several"):
        choose_methods(methods, ["specxai"])


def test_the_last_map_is_of_a_module_called_once(x):
    from specxai import linearize

    assert last_map(linearize(Residual().eval(), x)) == "stem"
