import pytest
import torch
from torch import nn

import zoo
from reference import dense
from specxai.affine import linearize
from specxai.affine.products import pushforward


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize(
    "push",
    [
        pushforward.vectorized,
        pushforward.transposed,
        pushforward.taped,
    ],
)
def test_tangents_against_the_dense_jacobian(name, push):
    net = zoo.build(name)
    R = linearize(net.model, net.x).right(net.layer)
    V = torch.randn(3, R.shape[1], generator=torch.Generator().manual_seed(0)).double()
    truth = V @ torch.tensor(dense(net.model, net.x, net.layer).R).T
    pushed = push(R.function, net.x)
    for count in (3, 1):
        found = pushed(V[:count])
        assert not found.requires_grad
        torch.testing.assert_close(found.reshape(count, -1), truth[:count])


@pytest.mark.parametrize("rule", ["tangent", "secant", "zero"])
@pytest.mark.parametrize("name", zoo.names())
def test_a_tape_of_copies_plays_as_forward_mode_pushes(name, rule):
    net = zoo.build(name)
    baseline, rule = ("zero", "tangent") if rule == "zero" else (None, rule)
    R = linearize(net.model, net.x, rule, baseline=baseline).right(net.layer)
    if R.layout is None:
        pytest.skip("its samples disturb each other")
    V = torch.randn(3, R.shape[1], generator=torch.Generator().manual_seed(0)).double()
    tape = pushforward.taped(R.function, R.x, 2, R.layout)
    for count in (3, 1):
        truth = pushforward.vectorized(R.function, R.x)(V[:count])
        torch.testing.assert_close(tape(V[:count]), truth)
    L = linearize(net.model, net.x, rule, baseline=baseline).left(net.layer, R.value)
    w = torch.randn(1, L.shape[1], generator=torch.Generator().manual_seed(0)).double()
    found, truth = (
        push(L.function, L.x)(w) for push in (pushforward.taped, pushforward.vectorized)
    )
    torch.testing.assert_close(found, truth)


@pytest.mark.parametrize("push", [pushforward.vectorized, pushforward.taped])
@pytest.mark.parametrize("statistics", [True, False])
def test_batch_norm_with_its_own_epsilon_and_with_statistics_of_the_input(statistics, push):
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(3, eps=0.5, track_running_stats=statistics).double()
    if statistics:
        norm.running_var.fill_(2.0)
    model = nn.Sequential(nn.Conv1d(2, 3, 1), norm).double().eval()
    x = torch.randn(1, 2, 5, dtype=torch.float64)
    v = torch.randn(4, 10, dtype=torch.float64)
    J = torch.autograd.functional.jacobian(model, x).reshape(15, 10)
    push = push(model.requires_grad_(False), x)
    for _ in range(2):
        torch.testing.assert_close(push(v), v @ J.T)


def test_a_model_that_goes_on_in_place():
    linear = nn.Linear(4, 4, dtype=torch.float64)

    def function(x):
        z = linear(x)
        z += x  # would grow with every run if it were written into what is known
        return z.relu_()

    x = torch.randn(1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    v = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    push = pushforward.vectorized(function, 100 * x)
    first = push(v)
    for _ in range(100):
        again = push(v)
    torch.testing.assert_close(first, again, rtol=0, atol=0)


def test_a_weight_that_depends_on_the_input():
    def function(z):
        return nn.functional.linear(z, (2 * z).reshape(4, 1).expand(4, 4), z[0])

    x = torch.randn(1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    v = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    J = torch.autograd.functional.jacobian(function, x).reshape(4, 4)
    torch.testing.assert_close(pushforward.vectorized(function, x)(v), v @ J.T)


def test_an_operation_without_forward_mode_is_pushed_all_the_same():
    class OnlyBackward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, grad):
            return 3 * grad

    from specxai.affine import Jacobian

    J = Jacobian(OnlyBackward.apply, torch.ones(1, 4))
    V = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(J.matmat(V), 3 * V)
    torch.testing.assert_close(J.rmatmat(V), 3 * V)
    torch.testing.assert_close(J.rows(torch.arange(4)), 3 * torch.eye(4))
