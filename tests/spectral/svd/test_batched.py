"""Batched decompositions, against one matrix after the other."""

import pytest
import torch

from specxai.affine.products.batched import BatchedJacobian
from specxai.spectral.svd.batched import active_rows, batched_svd


@pytest.mark.parametrize(("units", "inputs"), [(9, 4), (5, 12)])
def test_rows_of_the_units_that_an_input_moves(units, inputs):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(units, inputs, generator=generator).double()
    x = torch.randn(6, inputs, generator=generator).double()
    places, rows = active_rows(BatchedJacobian(lambda x: torch.relu(x @ weight.T), x))
    for k in range(6):
        dense = weight * (weight @ x[k] > 0)[:, None]
        full = torch.zeros_like(dense)
        there = places[k] >= 0
        full[places[k][there]] = rows[k][there]
        torch.testing.assert_close(full, dense)
        assert not rows[k][~there].any()


def test_ranks_differ_and_rounding_is_left_out():
    generator = torch.Generator().manual_seed(1)
    full = torch.randn(5, 4, generator=generator).double()
    thin = torch.outer(torch.arange(5.0), torch.ones(4)).double()
    rows = torch.stack([full, thin + 1e-17, torch.zeros(5, 4).double()])
    U, sigma, V = batched_svd(rows, torch.finfo(torch.float64).eps)
    assert (sigma > 0).sum(1).tolist() == [4, 1, 0]
    torch.testing.assert_close(sigma[0], torch.linalg.svdvals(full))
    torch.testing.assert_close((U * sigma[:, None]) @ V.mT, rows)
    assert not U[1, :, 1:].any()
