"""Each secant rule against the formula of its affine map, written out in float64."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from specxai import linearize

Vector = np.ndarray


class Calls(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def slope(function: Callable[[Tensor], Tensor], x: Tensor) -> Vector:
    """The Jacobian of the secant convention, one column at a time."""
    lin = linearize(Calls(function).eval(), x, "secant")
    basis = torch.eye(x.numel(), dtype=x.dtype)
    columns = [lin.jvp(v.reshape(x.shape)).flatten() for v in basis]
    matrix = torch.stack(columns, 1).numpy()
    # Forward and backward must agree, and value and bias with the untouched function.
    w = torch.randn_like(lin.output)
    assert np.allclose(lin.vjp(w).flatten(), w.flatten().numpy() @ matrix, rtol=1e-10, atol=1e-13)
    assert torch.equal(lin.output, function(x.clone()))
    assert lin.exactness == "convention: secant"
    return matrix


@pytest.fixture
def x() -> Tensor:
    return torch.tensor([[-2.0, -0.3, 0.4, 1.7]], dtype=torch.float64)


ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "elu": F.elu,
    "celu": lambda z: F.celu(z, 0.7),
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu (tanh)": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "silu in place": lambda z: F.silu(z + 0, inplace=True),
    "sigmoid_": lambda z: (z + 0).sigmoid_(),
    "mish": F.mish,
    "hardswish": F.hardswish,
    "logsigmoid": F.logsigmoid,
    "softsign": F.softsign,
    "exp": torch.exp,
    "square": lambda z: z**2,
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_14(name: str, x: Tensor) -> None:
    sigma = ELEMENTWISE[name]
    origin = sigma(torch.zeros_like(x))
    expected = ((sigma(x) - origin) / x).flatten().numpy()
    assert np.allclose(slope(sigma, x), np.diag(expected), rtol=1e-12)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE.keys() - {"selu"}))  # which has a kink there
def test_elementwise_at_zero_takes_the_derivative(name: str) -> None:
    sigma, tiny = ELEMENTWISE[name], 1e-7
    zero = torch.zeros(1, 1, dtype=torch.float64)
    expected = (sigma(zero + tiny) - sigma(zero - tiny)) / (2 * tiny)
    assert np.allclose(slope(sigma, zero), expected, atol=1e-6)


def test_log_softmax_freezes_the_sum(x: Tensor) -> None:
    assert np.allclose(slope(lambda z: z.log_softmax(1), x), np.eye(4))


def centring(size: int) -> Vector:
    return np.eye(size) - 1 / size


def test_layer_norm(x: Tensor) -> None:
    weight, bias = torch.rand(2, 4, dtype=torch.float64)
    deviation = np.sqrt(x.numpy().var() + 1e-5)
    expected = weight.numpy()[:, None] * centring(4) / deviation
    found = slope(lambda z: F.layer_norm(z, (4,), weight, bias), x)
    assert np.allclose(found, expected, rtol=1e-12)


def test_rms_norm(x: Tensor) -> None:
    weight = torch.rand(4, dtype=torch.float64)
    root = np.sqrt((x.numpy() ** 2).mean() + 1e-5)
    found = slope(lambda z: F.rms_norm(z, (4,), weight, 1e-5), x)
    assert np.allclose(found, np.diag(weight.numpy() / root), rtol=1e-12)


@pytest.mark.parametrize(("operation", "groups"), [("group", 2), ("instance", 4)])
def test_group_and_instance_norm(operation: str, groups: int) -> None:
    x = torch.randn(1, 4, 3, dtype=torch.float64)
    weight, bias = torch.rand(2, 4, dtype=torch.float64)

    def norm(z: Tensor) -> Tensor:
        if operation == "group":
            return F.group_norm(z, groups, weight, bias)
        return F.instance_norm(z, weight=weight, bias=bias)

    expected = np.zeros((12, 12))
    size = 12 // groups
    for group in range(groups):
        part = slice(group * size, (group + 1) * size)
        deviation = np.sqrt(x.numpy().ravel()[part].var() + 1e-5)
        expected[part, part] = centring(size) / deviation
    expected *= np.repeat(weight.numpy(), 3)[:, None]
    assert np.allclose(slope(norm, x), expected, rtol=1e-12)


def test_normalize(x: Tensor) -> None:
    assert np.allclose(slope(F.normalize, x), np.eye(4) / np.linalg.norm(x.numpy()))


def test_a_product_freezes_the_smaller_factor_and_of_equals_the_first(x: Tensor) -> None:
    values = x.numpy().ravel()
    assert np.allclose(slope(lambda z: (2 * z) * z, x), np.diag(2 * values))
    gate = slope(lambda z: z * z.sum(1, keepdim=True), x)
    assert np.allclose(gate, np.eye(4) * values.sum())


@pytest.mark.parametrize("scale", [torch.rsqrt, torch.reciprocal])
def test_a_scale_is_frozen_whatever_its_size(x: Tensor, scale: Callable[[Tensor], Tensor]) -> None:
    values = scale(x.square() + 1)[0].numpy()
    assert np.allclose(slope(lambda z: z * scale(z.square() + 1), x), np.diag(values))


def test_a_quotient_freezes_the_denominator(x: Tensor) -> None:
    assert np.allclose(slope(lambda z: z / (z.abs() + 1), x), np.diag(1 / (np.abs(x[0]) + 1)))


def test_glu_freezes_the_gate(x: Tensor) -> None:
    gate = torch.sigmoid(x[0, 2:]).numpy()
    assert np.allclose(slope(F.glu, x), np.hstack([np.diag(gate), np.zeros((2, 2))]))


def attend(q: Vector, k: Vector) -> Vector:
    scores = q @ k.T / np.sqrt(q.shape[1])
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize("written", ["fused", "by hand", "einsum"])
def test_attention_freezes_its_weights(written: str) -> None:
    x = torch.randn(1, 3, 4, dtype=torch.float64)
    q, k, v = torch.randn(3, 4, 4, dtype=torch.float64)

    def attention(z: Tensor) -> Tensor:
        if written == "fused":
            return F.scaled_dot_product_attention(z @ q, z @ k, z @ v)
        if written == "by hand":
            return ((z @ q) @ (z @ k).mT / 2).softmax(-1) @ (z @ v)
        scores = torch.einsum("bid,bjd->bij", z @ q, z @ k) / 2
        return torch.einsum("bij,bjd->bid", scores.softmax(-1), z @ v)

    weights = attend((x[0] @ q).numpy(), (x[0] @ k).numpy())
    expected = np.einsum("ij,ed->idje", weights, v.numpy()).reshape(12, 12)
    assert np.allclose(slope(attention, x), expected, rtol=1e-10, atol=1e-12)


def test_multi_head_attention_freezes_its_weights() -> None:
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(4, 2, batch_first=True).double().eval()
    x = torch.randn(1, 3, 4, dtype=torch.float64)
    w_q, w_k, w_v = layer.in_proj_weight.detach().numpy().reshape(3, 4, 4)
    tokens, out = x[0].numpy(), layer.out_proj.weight.detach().numpy()
    expected = np.zeros((3, 4, 3, 4))
    for head in (slice(0, 2), slice(2, 4)):
        weights = attend(tokens @ w_q[head].T, tokens @ w_k[head].T)
        expected += np.einsum("ij,dh,he->idje", weights, out[:, head], w_v[head])

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = layer

        def forward(self, z: Tensor) -> Tensor:
            return self.attention(z, z, z)[0]

    lin = linearize(Attention().eval(), x, "secant")
    rows = lin.rows(torch.arange(12)).reshape(12, 12).numpy()
    assert np.allclose(rows, expected.reshape(12, 12), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_recurrent_cells_are_differentiated_and_listed(kind: type[nn.RNNBase]) -> None:
    torch.manual_seed(0)
    cell = kind(3, 4, batch_first=True).double().eval()

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = cell

        def forward(self, z: Tensor) -> Tensor:
            return self.cell(z)[0][:, -1]

    x = torch.randn(1, 5, 3, dtype=torch.float64)
    lin = linearize(Last().eval(), x, "secant")
    (site,) = lin.conventional
    assert (site.operation, site.kind, site.convention) == (
        kind.__name__.lower(), "autograd-only", "tangent",
    )  # fmt: skip
    tiny, v = 1e-6, torch.randn_like(x)
    with torch.no_grad():
        difference = (Last().eval()(x + tiny * v) - Last().eval()(x - tiny * v)) / (2 * tiny)
    assert torch.allclose(lin.jvp(v), difference, atol=1e-7)
