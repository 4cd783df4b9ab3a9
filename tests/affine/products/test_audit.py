"""Operations whose derivative is wrong are found, named and mended, or refused."""

import pytest
import torch
from torch import Tensor, nn

from specxai import linearize
from specxai.affine.products.adjointness import disagreement, random_like
from specxai.affine.products.agreement import agreeing
from specxai.affine.products.jacobian import Jacobian
from specxai.errors import UnsupportedOperationError


class Tokens(nn.Module):
    """Batch norm, then channels last: PyTorch's backward of it is wrong on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        z = self.norm(self.conv(x)).flatten(2).transpose(1, 2)
        return self.head(nn.functional.layer_norm(z, (3,)).mean(1))


def tokens() -> nn.Module:
    torch.manual_seed(0)
    net = Tokens().double()
    net(torch.randn(8, 2, 3, 3).double())
    return net.eval()


def test_a_repair_is_named_with_the_operation() -> None:
    lin = linearize(tokens(), torch.randn(1, 2, 3, 3).double())
    if lin.repairs:  # a later PyTorch may have mended it
        (repair,) = lin.repairs
        assert str(repair.address) == "batch_norm@norm"
        assert "made contiguous" in lin.notes[0]
    v, w = random_like(lin.x, 3), random_like(lin.output, 4)
    assert disagreement(lin.jvp(v), w, v, lin.vjp(w)) < 1e-12


@torch.library.custom_op("specxai_tests::thrice", mutates_args=())
def thrice(x: Tensor) -> Tensor:
    return x * 3


@torch.library.custom_op("specxai_tests::wrong", mutates_args=())
def wrong(x: Tensor) -> Tensor:
    return x * 3


thrice.register_autograd(lambda _, gradient: gradient * 3)
wrong.register_autograd(lambda _, gradient: gradient * 2)


class Between(nn.Module):
    def __init__(self, function: object) -> None:
        super().__init__()
        self.first, self.second, self.function = nn.Linear(3, 4), nn.Linear(4, 2), function

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.function(self.first(x)))  # type: ignore[operator]


def test_an_operation_that_drops_tangents_is_mended() -> None:
    torch.manual_seed(0)
    model, x = Between(thrice).double().eval(), torch.randn(1, 3).double()
    lin = linearize(model, x)
    assert [str(repair.address) for repair in lin.repairs] == ["thrice@model"]
    u = 3 * model.second.weight @ model.first.weight
    torch.testing.assert_close(lin.rows([0, 1]), u)
    torch.testing.assert_close(lin.jvp(x)[0], u @ x[0])
    assert lin.ledger().remainder.abs().max() < 1e-12


def test_a_derivative_that_is_not_that_of_the_values_is_refused() -> None:
    with pytest.raises(UnsupportedOperationError, match="wrong@model is not that of its values"):
        linearize(Between(wrong).double().eval(), torch.randn(1, 3).double())


def test_what_no_single_operation_explains_is_refused() -> None:
    lin = linearize(Between(torch.relu).double().eval(), torch.ones(1, 3).double())
    weight = torch.randn(2, 3).double()

    class Lies(torch.autograd.Function):
        @staticmethod
        def forward(x):  # type: ignore[no-untyped-def]
            return x @ weight.T

        @staticmethod
        def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]
            pass

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[no-untyped-def]
            return gradient @ weight * 2

        @staticmethod
        def jvp(ctx, tangent):  # type: ignore[no-untyped-def]
            return tangent @ weight.T

    lying = Jacobian(Lies.apply, lin.x)
    with pytest.raises(UnsupportedOperationError, match="no single operation is at fault"):
        agreeing(lin.network, lying, Lies.apply, [])


@pytest.mark.parametrize("root", [torch.sqrt, lambda z: z**0.5], ids=["sqrt", "pow"])
def test_an_infinite_slope_behind_a_closed_gate_counts_as_zero(root: object) -> None:
    torch.manual_seed(0)
    model = Between(lambda z: root(z.relu())).double().eval()  # type: ignore[operator]
    x = torch.ones(1, 3).double()
    assert (model.first(x) < 0).any()
    lin = linearize(model, x)
    torch.testing.assert_close(lin.jvp(x), (lin.rows([0, 1]) @ x[0])[None])
    assert lin.bias().isfinite().all()
    assert lin.ledger(0).remainder.abs() < 1e-12


def test_an_infinite_slope_that_counts_is_refused() -> None:
    model = Between(lambda z: (z - z.detach()).abs().sqrt()).double().eval()
    with pytest.raises(UnsupportedOperationError, match=r"sqrt@model is not finite"):
        linearize(model, torch.ones(1, 3).double())
