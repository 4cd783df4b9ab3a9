"""Bottlenecks: the whole decomposition by few products."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from reference import dense
from specxai import explain, linearize
from specxai.affine import Jacobian
from specxai.spectral.svd.low_rank import low_rank_svd


def autoencoder(dtype, bottleneck=6):
    torch.manual_seed(0)
    widths = [400, 60, bottleneck, 60, 400]
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.3)]
    return nn.Sequential(*layers[:-1]).to(dtype).eval(), torch.randn(1, 400).to(dtype)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
def test_an_auto_encoder(dtype, rtol, monkeypatch):
    model, x = autoencoder(dtype)
    truth = dense(model, x, None)
    monkeypatch.setattr(Jacobian, "row_blocks", lambda *_: pytest.fail("rows were computed"))
    ex = explain(model, x)
    assert ex.rank == 6
    sigma = np.linalg.svd(truth.u)[1][:6]
    np.testing.assert_allclose(ex.singular_values, sigma, rtol=rtol)
    part = ex.left_vectors(range(6)).flatten(1).T @ ex.coefficients
    np.testing.assert_allclose(part + ex.bias[0], truth.y, rtol=0, atol=rtol * abs(truth.y).max())
    assert ex.residual.abs().max() < rtol


@pytest.mark.parametrize("bottleneck", [20, 200])
def test_a_wide_bottleneck_is_left_to_the_rows(bottleneck):
    model, x = autoencoder(torch.float64, bottleneck)
    right = linearize(model, x).right(None)
    assert low_rank_svd(right, torch.arange(400), 2**30) is None
    sigma = np.linalg.svd(dense(model, x, None).u)[1]
    ex = explain(model, x)
    np.testing.assert_allclose(ex.singular_values, sigma[: ex.rank], rtol=1e-9)
