import pytest
import torch

import zoo
from reference import dense
from specxai.affine import Jacobian, linearize

MIXING = ["batch of one", "mixes samples late", "mixes samples early"]


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("name", zoo.names())
def test_adjointness(name):
    net = zoo.build(name)
    R = linearize(net.model, net.x).right(net.layer)
    m, M = R.shape
    v, w = noise(1, M), noise(1, m, seed=1)
    left, right = float((R.push(v) * w).sum()), float((v * R.pull(w)).sum())
    assert abs(left - right) <= 1e-10 * max(abs(left), 1e-3)


@pytest.mark.parametrize("block", [1, 3, 64])
@pytest.mark.parametrize("name", zoo.names())
def test_rows_and_products_for_every_block_size(name, block):
    net = zoo.build(name)
    truth = torch.tensor(dense(net.model, net.x, net.layer).R)
    given = linearize(net.model, net.x).right(net.layer)
    J = Jacobian(given.function, net.x, block)
    m, M = J.shape
    order = torch.randperm(m, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(J.rows(order), truth[order])
    V, W = noise(M, 5), noise(m, 5)
    torch.testing.assert_close(J.matmat(V), truth @ V)
    torch.testing.assert_close(J.rmatmat(W), truth.T @ W)


@pytest.mark.parametrize("name", MIXING)
def test_replication_is_found_invalid(name):
    net = zoo.build(name)
    lin = linearize(net.model, net.x)
    assert lin.jacobian.layout is None


def test_a_contiguous_batch_is_taken_where_channels_last_fails():
    net = zoo.build("view flatten")
    assert linearize(net.model, net.x).jacobian.layout is torch.contiguous_format
    free = zoo.build("every pool")
    assert linearize(free.model, free.x).right("1").layout is torch.channels_last


def test_progress_counts_every_row():
    net, seen = zoo.build("mlp"), []
    J = linearize(net.model, net.x).right("0")
    Jacobian(J.function, net.x, block=3).rows(torch.arange(7), seen.append)
    assert seen == [3, 6, 7]


def test_no_rows_and_no_products():
    net = zoo.build("mlp")
    J = linearize(net.model, net.x).right("0")
    assert J.rows(torch.arange(0)).shape == (0, 6)


def test_scipy_sees_the_same_operator():
    net = zoo.build("residual branch")
    truth = dense(net.model, net.x, net.layer).R
    operator = linearize(net.model, net.x).right(net.layer).to_scipy()
    assert operator.shape == truth.shape
    v, W = noise(truth.shape[1]).numpy(), noise(truth.shape[0], 3).numpy()
    assert operator.dtype == "float64"
    torch.testing.assert_close(operator.matvec(v), truth @ v)
    torch.testing.assert_close(operator.rmatmat(W), truth.T @ W)
    torch.testing.assert_close(operator.T @ W, truth.T @ W)


def test_the_value_is_the_layers_output():
    net = zoo.build("in-place at a cut")
    R = linearize(net.model, net.x).right("first")
    with torch.no_grad():
        expected = net.model.first((net.x - 0.1).relu())
    torch.testing.assert_close(R.value, expected)
    assert R.shape == (expected.numel(), net.x.numel())
