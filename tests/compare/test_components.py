"""Our map against a dense singular value decomposition, by every search."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from specxai.cache import Cache
from specxai.compare import Instance, all_methods, choose_methods, compare_methods, prepare
from specxai.compare.components import Search, components_method, leading_maps
from specxai.errors import LayerError
from specxai.spectral.records.reduction import reduce_contributions

BY_PRODUCTS = Search(most_units=0, components=8, products=300, tol=1e-6)


@pytest.fixture
def instance() -> Instance:
    torch.manual_seed(0)
    body = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    model = nn.Sequential(*body, nn.Linear(64, 10), nn.ReLU(), nn.Linear(10, 3)).double().eval()
    return prepare(model, torch.randn(1, 2, 8, 8).double())[0]


def dense(instance: Instance, layer: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return α, ψσ and V of a sequential network, from its whole Jacobian."""
    first, rest = instance.model[: layer + 1], instance.model[layer + 1 :]
    R = torch.autograd.functional.jacobian(first, instance.x).reshape(-1, instance.x.numel())
    z = first(instance.x).detach().requires_grad_()
    (L,) = torch.autograd.grad(rest(z)[0, instance.target], z)
    U, sigma, V = torch.linalg.svd(R, full_matrices=False)
    weights = (L.flatten() @ U) * sigma
    return weights * (V @ instance.x.flatten()), weights, V


@pytest.mark.parametrize("layer", [2, 5])
@pytest.mark.parametrize("search", [Search(), replace(BY_PRODUCTS, components=64)])
def test_the_map_is_the_sum_of_what_cancellation_leaves(
    instance: Instance, layer: int, search: Search
) -> None:
    alpha, weights, V = dense(instance, layer)
    top = reduce_contributions(alpha).indices[:3]
    expected = (weights[top] @ V[top]).reshape(instance.x.shape) * instance.x
    found = components_method(str(layer), 3, search=search).values(instance)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    maps = leading_maps(instance, str(layer), 3, search=search)
    torch.testing.assert_close(maps.sum(0), found[0].sum(0))
    torch.testing.assert_close(maps.sum((1, 2)), alpha[top], rtol=1e-4, atol=1e-6)


def test_all_components_at_a_cut_are_gradient_times_input(instance: Instance) -> None:
    x = instance.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(instance.model(x)[0, instance.target], x)
    for layer in "2", "5":
        found = components_method(layer, 1000, by="singular_value").values(instance)
        torch.testing.assert_close(found, slope * instance.x)


def test_every_product_is_a_pass(instance: Instance) -> None:
    rows = int((instance.model[:6](instance.x) > 0).sum())
    components_method("5", 2, by="contribution").values(instance)
    # One row for each open unit, two vectors, ∂y/∂x and ∂y/∂z.
    assert instance.passes.backward == rows + 2 + 2
    # Three runs to linearize; two directions, to see which units are open, and x, twice.
    assert instance.passes.forward == 3 + 3 + 3


def test_components_that_products_do_not_find_are_no_map(instance: Instance) -> None:
    few = replace(BY_PRODUCTS, products=4)
    with pytest.raises(LayerError, match=r"4 products find \d of 3 components at 2"):
        components_method("2", 3, search=few).values(instance)


def test_a_fast_result_is_not_taken_for_a_full_one(instance: Instance, tmp_path: Path) -> None:
    files = []
    for fast in (True, True, False):
        methods = choose_methods(all_methods(["5"], fast), ["specxai top 3 at 5"])
        compare_methods(instance, methods, Cache(tmp_path))
        (file,) = tmp_path.iterdir()
        files.append(file.read_bytes())
    assert files[0] == files[1] != files[2]
