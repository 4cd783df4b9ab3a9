"""Half precision is computed in float32, and casts inside a model lose no digits."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from specxai import linearize
from specxai.affine.tracing.preconditions import check_input
from specxai.errors import InvalidInputError, InvalidModelError


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3)).eval()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("input_dtype", [None, torch.float32])
def test_half_precision_is_computed_in_float32(dtype, input_dtype):
    model = mlp().to(dtype)
    x = torch.randn(1, 6).to(input_dtype or dtype)
    lin = linearize(model, x)
    wide = linearize(mlp().to(dtype).float(), x.float())
    assert lin.output.dtype == torch.float32
    assert lin.output.equal(wide.output)
    assert lin.rows([0, 1, 2]).equal(wide.rows([0, 1, 2]))
    assert lin.precision == f"float32 in place of {str(dtype)[6:]}"
    assert wide.precision == "float32"
    assert {p.dtype for p in model.parameters()} == {dtype}


class CastsDown(nn.Module):
    """Normalizes in float32, as many transformers do, and goes on in its own precision."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(0.5, 2, 6))
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = x.to(torch.float32)
        z += 0.25  # in place: x must stay as it is
        z = z * (z.pow(2).mean(-1, keepdim=True) + 1e-3).rsqrt()
        return self.head((self.weight.float() * z).to(x.dtype) + x)


def test_casts_to_fewer_digits_are_left_out():
    torch.manual_seed(0)
    model, x = CastsDown().double().eval(), torch.randn(1, 6).double()
    lin = linearize(model, x)
    assert lin.precision == "float64 in place of float32"
    z = x + 0.25
    z = z * (z.square().mean() + 1e-3).rsqrt() * model.weight + x
    torch.testing.assert_close(lin.output, model.head(z).detach(), rtol=1e-14, atol=1e-14)
    v, w = torch.randn(1, 6).double(), torch.randn(1, 3).double()
    torch.testing.assert_close((lin.jvp(v) * w).sum(), (lin.vjp(w) * v).sum(), rtol=1e-13, atol=0)
    assert abs(lin.ledger(0).remainder) < 1e-14
    assert "to@model" in {str(site.address) for site in lin.sites}
    assert all(site.operation != "to" for site in lin.conventional)


def test_a_model_in_its_own_precision_is_left_alone():
    torch.manual_seed(0)
    lin = linearize(CastsDown().eval(), torch.randn(1, 6))
    assert lin.precision == "float32"
    assert not lin.network.plan


class Insists(CastsDown):
    """Its matrix is float32 whatever the model is."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.mm(x.float(), torch.eye(6, dtype=torch.float32)).to(x.dtype))


def test_a_constant_of_fewer_digits_is_given_more():
    model, x = Insists().double().eval(), torch.randn(1, 6).double()
    lin = linearize(model, x)
    assert lin.precision == "float64 in place of float32"
    torch.testing.assert_close(lin.output, model.head(x).detach())
    torch.testing.assert_close(lin.rows([0, 1, 2]), model.head.weight.detach())


def test_another_dtype_is_refused():
    with pytest.raises(InvalidInputError, match="pass x"):
        linearize(mlp(), torch.ones(1, 6).double())


def test_parameters_on_several_devices():
    parts = [("a.weight", SimpleNamespace(device="cuda:0")), ("b", SimpleNamespace(device="cpu"))]
    model = SimpleNamespace(named_parameters=lambda: parts)
    with pytest.raises(InvalidModelError, match=r"'a\.weight' on cuda:0, 'b' on cpu"):
        check_input.__wrapped__(model, torch.ones(1, 2))


def test_double_precision_of_a_float32_model():
    model, x = mlp(), torch.randn(1, 6)
    lin = linearize(model, x, precision="double")
    wide = linearize(mlp().double(), x.double())
    assert lin.precision == "float64 in place of float32"
    assert lin.output.equal(wide.output)
    assert lin.rows([0, 1, 2]).equal(wide.rows([0, 1, 2]))
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.usefixtures("unchecked_annotations")
def test_an_unknown_precision():
    with pytest.raises(InvalidInputError, match="choose 'native' or 'double'"):
        linearize(mlp(), torch.ones(1, 6), precision="triple")


def test_faster_products_of_fewer_digits_are_off_inside_and_restored():
    seen = []

    class Spy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            precision = torch.get_float32_matmul_precision()
            seen.append((precision, torch.backends.cudnn.allow_tf32))
            return 2 * x

    torch.set_float32_matmul_precision("medium")
    try:
        lin = linearize(Spy().eval(), torch.ones(1, 3))
        lin.rows([0, 1])
        lin.jvp(torch.ones(1, 3))
        lin.ledger(0)
        lin.region.distance(torch.ones(1, 3))
        assert set(seen) == {("highest", False)}
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.set_float32_matmul_precision("highest")


class AutocastInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 9), nn.Linear(9, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(self.a(x))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.b(h).float()


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_autocast_inside_a_model_is_left_out(rule):
    torch.manual_seed(0)
    model, x = AutocastInside().eval(), torch.randn(1, 6)
    lin = linearize(model, x, rule)
    assert lin.precision == "float32 in place of bfloat16"
    torch.testing.assert_close(lin.output, model.b(torch.tanh(model.a(x))).detach())
    assert lin.ledger().remainder.abs().max() < 1e-6
    torch.testing.assert_close(lin.rows([0, 1, 2]) @ x[0], lin.jvp(x)[0], rtol=1e-5, atol=1e-6)


def test_autocast_around_a_call_is_off():
    lin = linearize(mlp(), torch.ones(1, 6))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again = linearize(mlp(), torch.ones(1, 6))
        rows = again.rows([0, 1])
    assert again.output.equal(lin.output)
    assert rows.equal(lin.rows([0, 1]))


def test_fixed_inputs_are_widened_too():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 6), nn.Linear(3, 6)

        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return self.a(x) + self.b(z).relu()

    lin = linearize(Two().half().eval(), (torch.randn(1, 4).half(), torch.ones(1, 3).half()), wrt=0)
    assert lin.output.dtype == torch.float32
