"""The derivative as a program: what it records, and what it refuses."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from specxai.affine import linearize
from specxai.affine.products import pushforward
from specxai.affine.products.tape import NotRecordedError, Tape


def checked(function, *shape: int) -> None:
    """Compare a tape with a Jacobian by autograd, for more tangents than it plays at a time."""
    x = torch.randn(1, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    v = torch.randn(3, x.numel(), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    J = torch.autograd.functional.jacobian(lambda z: function(z.clone()), x)
    truth = v @ J.reshape(-1, x.numel()).T
    tape = Tape(function, x, copies=2)
    for _ in range(2):
        torch.testing.assert_close(tape(v), truth)


WEIGHT = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def in_place_through_a_view(x):
    z = x @ WEIGHT
    z.view(-1).mul_(2)
    z += 3 * x
    return z.relu_()


def into_items_of_a_constant(x):
    z = torch.ones_like(x.detach())
    z[:, :2] = x[:, 2:]
    return z @ WEIGHT


def into_a_constant_factor(x):
    z = WEIGHT[:1].repeat(len(x), 1)
    z *= x.tanh()
    return z


def into_items(x):
    z = x @ WEIGHT
    z[:, 1] = 5.0
    z[:, 0] = x[:, 3]
    return z.tanh()


def copied(x):
    z = x @ WEIGHT
    z.copy_(x)
    return (z + 1).sigmoid()


def copied_to_more_rows(x):
    z = torch.zeros(len(x), 3, 4, dtype=x.dtype)
    z.copy_((x @ WEIGHT)[:, None])
    return z.tanh()


def copied_over_by_a_constant(x):
    z = x @ WEIGHT
    z[:, :2].copy_(WEIGHT[:1, :2])
    return z * x


def masked(x):
    z = (x @ WEIGHT).masked_fill(torch.tensor([True, False, False, True]), float("-inf"))
    return z.softmax(1)


def several_results(x):
    first, second = x.chunk(2, 1)
    top, _ = x.topk(2, 1)
    return torch.cat([first * second, top, torch.ones_like(first)], 1)


def added_to_constants(x):
    bias = WEIGHT[:1]
    y = torch.addmm(bias.expand(len(x), 4), x, WEIGHT) - 2
    return torch.lerp(1 - y, x, 0.3) + torch.where(WEIGHT[0] > 0, y, 7.0)


def shown_to_python(x):
    return x * x.shape[1] if float(x.detach()[0, 0]) < 100 else x.detach()


@pytest.mark.parametrize(
    "function",
    [
        in_place_through_a_view,
        into_items_of_a_constant,
        into_a_constant_factor,
        into_items,
        copied,
        copied_to_more_rows,
        copied_over_by_a_constant,
        masked,
        several_results,
        added_to_constants,
        shown_to_python,
    ],
)
def test_calls_as_people_write_them(function):
    checked(function, 4)


@pytest.mark.parametrize("pool", [functional.max_pool2d, functional.avg_pool2d])
def test_windows(pool):
    checked(lambda x: pool(x, 3, stride=2, padding=1), 2, 7, 6)
    checked(lambda x: functional.interpolate(pool(x, 2), scale_factor=2.0) + 1, 2, 6, 6)


def test_what_is_not_seen_is_refused():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * grad

    x = torch.ones(1, 3)
    with pytest.raises(NotRecordedError, match="an argument of relu"):
        Tape(lambda z: torch.relu(Hidden.apply(z)), x, copies=1)
    with pytest.raises(NotRecordedError, match="the output"):
        Tape(Hidden.apply, x, copies=1)
    with pytest.raises(NotRecordedError, match="cumprod writes into its argument"):
        Tape(lambda z: (z * 1).cumprod_(1), x, copies=1)


def test_a_tape_keeps_one_sample_of_what_is_the_same_for_all():
    net = (
        nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
        .eval()
        .requires_grad_(False)
    )
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    tape = Tape(net, x, copies=8)
    kept = {
        cell.cell_contents
        for step in tape._steps
        for cell in step.part.__closure__ or ()
        if isinstance(cell.cell_contents, torch.Tensor)
    }
    assert max(tensor.numel() for tensor in kept) == 16 * 30 * 30


def test_a_tape_that_differs_is_not_played(monkeypatch):
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5)).double().eval()
    x = torch.randn(1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    R = linearize(net, x).right("1")
    V = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    truth = R.push(V)
    (pushed,) = R.pushed([V])
    torch.testing.assert_close(pushed, truth)
    taped = pushforward.taped
    called = []

    def wrong(*args):
        called.append(args)
        push = taped(*args)
        return lambda v: 1.1 * push(v)

    monkeypatch.setattr(pushforward, "taped", wrong)
    (pushed,) = R.pushed([V])
    assert called
    torch.testing.assert_close(pushed, truth)
