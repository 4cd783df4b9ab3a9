"""Splits at several layers together: u = Σ L_i R_i + bypass."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from branches import build
from reference import dense_jacobian, run_with_layer
from specxai import explain, linearize
from specxai.errors import LayerError


def rest(model: nn.Module, x: Tensor, layers: list[str], target: int) -> np.ndarray:
    """∂y_j/∂z, every layer's output replaced by a value of its own."""
    leaves: list[Tensor] = []

    def replace(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        leaves.append(output.detach().clone().requires_grad_())
        return leaves[-1].clone()

    handles = [model.get_submodule(name).register_forward_hook(replace) for name in layers]
    y = model(x)[0, target]
    for handle in handles:
        handle.remove()
    grads = torch.autograd.grad(y, leaves, allow_unused=True)
    return np.concatenate(
        [
            (torch.zeros_like(leaf) if g is None else g).numpy().ravel()
            for leaf, g in zip(leaves, grads, strict=True)
        ]
    )


CASES = [
    (["a", "c"], False, True),
    (["a", "b"], False, True),
    (["c", "a"], False, True),  # in any order
    (["a", "c"], True, False),
    (["b", "c"], False, False),  # one after the other, and a goes around both
    (["stem", "a"], False, True),  # one is a cut already
    (["a", "a"], False, False),
]


@pytest.mark.parametrize(("layers", "skip", "cut"), CASES)
def test_against_dense(layers, skip, cut):
    model, x = build(skip)
    ex = explain(model, x, layers, 1)
    called = [name for name in ("stem", "b", "c", "a") if name in layers]
    R = np.concatenate(
        [dense_jacobian(z, leaf) for leaf, z, _ in (run_with_layer(model, x, n) for n in called)]
    )
    leaf, _, y = run_with_layer(model, x, None)
    u, point = dense_jacobian(y, leaf)[1], x.numpy().ravel()
    L = rest(model, x, called, 1)
    bypass = u @ point - L @ R @ point
    assert ex.layer == (tuple(called) if len(called) > 1 else called[0])
    assert ex.split.cut is cut
    assert float(ex.bypass) == pytest.approx(bypass, abs=1e-12)
    U, sigma, Vt = np.linalg.svd(R, full_matrices=False)
    np.testing.assert_allclose(ex.singular_values, sigma[: ex.rank], atol=1e-12)
    assert np.all(sigma[ex.rank :] < 1e-12)
    alpha = (L @ U) * (sigma * (Vt @ point))
    np.testing.assert_allclose(ex.contributions, alpha[: ex.rank], atol=1e-10)
    total = ex.contributions.sum() + ex.bypass + ex.bias
    torch.testing.assert_close(total, y[0, 1].detach())


def test_left_vectors_hold_one_layer_after_the_other():
    model, x = build()
    ex = explain(model, x, ["a", "c"], 0)
    assert ex.left_vectors([0, 1]).shape == (2, 16)  # 2 × 3 values of c and 2 × 5 of a
    image = ex.linearization.jvp(ex.right_vectors([0]), ["a", "c"])
    torch.testing.assert_close(image[0], ex.singular_values[0] * ex.left_vectors([0])[0])


def test_no_layer_is_an_error():
    model, x = build()
    with pytest.raises(LayerError, match="no layer is named"):
        linearize(model, x).right([])


def test_an_unknown_layer_among_others_is_an_error():
    model, x = build()
    with pytest.raises(LayerError, match="no layer 'd'"):
        linearize(model, x).right(["a", "d"])
