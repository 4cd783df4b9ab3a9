"""Class activation maps written out by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from specxai.compare import Instance, all_methods, choose_methods, prepare
from specxai.errors import LayerError


def values(instance: Instance, name: str) -> torch.Tensor:
    return choose_methods(all_methods(["4"], fast=True), [name])[0].values(instance)


def test_hires_cam_is_gradient_times_activation_place_by_place(instance: Instance) -> None:
    z = instance.model[:6](instance.x).detach().double().requires_grad_()
    rest = nn.Sequential(*instance.model[6:]).double()
    (slope,) = torch.autograd.grad(rest(z)[0, instance.target], z)
    rest.float()
    coarse = (slope * z.detach()).sum(1, keepdim=True).clamp(min=0)
    expected = F.interpolate(coarse, (16, 16), mode="bilinear").float()
    torch.testing.assert_close(values(instance, "HiResCAM"), expected)
    assert (instance.passes.forward, instance.passes.backward) == (0, 0)  # nobody watches here


def test_where_positions_weigh_alike_both_maps_are_one() -> None:
    """After a mean over positions, gradients are the same at all of them."""
    torch.manual_seed(1)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(inplace=True), *head).eval()
    instance, _ = prepare(model, torch.randn(1, 3, 9, 9))
    found = values(instance, "HiResCAM")
    assert found.any()
    torch.testing.assert_close(found, values(instance, "Grad-CAM"))


@pytest.mark.parametrize("name", ["HiResCAM", "NMF concepts"])
def test_a_network_without_a_convolution_is_refused(name: str) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    instance, _ = prepare(model, torch.ones(1, 3, 2, 2))
    with pytest.raises(LayerError, match=r"needs a convolution that all paths cross"):
        values(instance, name)
