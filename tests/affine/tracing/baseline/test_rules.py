"""Each rule from a baseline against its formula, written out in float64; and what all must hold."""

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from specxai import linearize
from specxai.affine import Linearization

Function = Callable[[Tensor], Tensor]


class Calls(nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def through(function: Function, x: Tensor, x0: Tensor) -> tuple[np.ndarray, Linearization]:
    """The dense Jacobian from a baseline, after checks that every rule must pass."""
    lin = linearize(Calls(function).eval(), x, baseline=x0)
    basis = torch.eye(x.numel(), dtype=x.dtype)
    S = torch.stack([lin.jvp(v.reshape(x.shape)).flatten() for v in basis], 1)
    rows = lin.rows(range(S.shape[0])).reshape(S.shape)  # by batches, where these are independent
    one_by_one = [
        lin.vjp(w.reshape(lin.output.shape)).flatten() for w in torch.eye(len(S)).double()
    ]
    scale = float(S.abs().max()) or 1.0
    assert float((rows - S).abs().max()) <= 1e-12 * scale
    assert float((torch.stack(one_by_one) - S).abs().max()) <= 1e-12 * scale
    f, f0 = function(x.clone()), function(x0.clone())
    off = (f - f0).flatten() - S @ (x - x0).flatten()
    assert float(off.abs().max()) <= 1e-12 * float(max(f.abs().max(), f0.abs().max()))
    assert torch.equal(lin.baseline_output, f0)
    assert not lin.repairs
    return S.numpy(), lin


def vector(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float64)


X = vector(-2.0, -0.3, 0.4, 1.7, 0.5, 9.0)
X0 = vector(1.0, -0.3, 0.4 + 1e-9, -1.0, -0.5, 2.0)

ELEMENTWISE: dict[str, Function] = {
    "relu": F.relu,
    "relu in place": lambda z: F.relu(z + 0, inplace=True),
    "relu6": F.relu6,
    "leaky relu": F.leaky_relu,
    "prelu": lambda z: F.prelu(z, torch.tensor([0.2], dtype=torch.float64)),
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "threshold": lambda z: F.threshold(z, 0.2, -1.0),
    "clamp": lambda z: z.clamp(-1, 1),
    "clamp_min": lambda z: z.clamp_min(0.1),
    "abs": torch.abs,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "hardswish": F.hardswish,
    "elu": F.elu,
    "softplus": F.softplus,
    "exp": torch.exp,
    "sin": torch.sin,
    "square": torch.square,
    "third power": lambda z: z**3,
    "two to the": lambda z: 2**z,
    "reciprocal": lambda z: 3.0 / (z + 20),
    "square root": lambda z: (z + 20).sqrt(),
    "logarithm": lambda z: torch.log(z + 20),
    "round": torch.round,
    "maximum with a constant": lambda z: torch.maximum(z, torch.full_like(X, 0.3)),
    "constant's minimum": lambda z: torch.min(torch.full_like(X, 0.3), z),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_is_the_slope_of_the_line_through_both_points(name: str) -> None:
    function = ELEMENTWISE[name]
    S, lin = through(function, X, X0)
    z, z0 = X.numpy()[0], X0.numpy()[0]
    f, f0 = (function(v.clone()).numpy()[0] for v in (X, X0))
    expected = np.divide(f - f0, z - z0, out=np.zeros(6), where=z != z0)
    apart = np.abs(z - z0) > 1e-3
    assert np.allclose(np.diag(S)[apart], expected[apart], rtol=1e-12)
    assert np.allclose(S, np.diag(np.diag(S)))
    assert lin.exactness == "from a baseline"


def test_elementwise_where_both_points_meet_is_the_derivative() -> None:
    S, _ = through(torch.tanh, X, X0)
    z = X.numpy()[0]
    assert np.allclose(np.diag(S)[1:3], 1 - np.tanh(z[1:3]) ** 2, rtol=1e-8)


def winning_shares(a0: np.ndarray, a: np.ndarray) -> np.ndarray:
    """For which share of the way each of some lines is the highest: between all their crossings."""
    times = {0.0, 1.0}
    for i, j in product(range(len(a)), repeat=2):
        slope = (a[i] - a0[i]) - (a[j] - a0[j])
        if slope:
            times |= {t for t in [(a0[j] - a0[i]) / slope] if 0 < t < 1}
    shares = np.zeros(len(a))
    ordered = sorted(times)
    for t, u in pairwise(ordered):
        middle = a0 + (t + u) / 2 * (a - a0)
        shares[np.argmax(middle)] += u - t
    return shares


@pytest.mark.parametrize("seed", range(5))
def test_a_maximum_weighs_each_entry_by_how_long_it_wins(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, x0 = torch.randn(2, 1, 7, generator=generator, dtype=torch.float64)
    for function, sign in ((torch.amax, 1), (torch.amin, -1)):
        S, _ = through(lambda z, f=function: f(z, 1, keepdim=True), x, x0)
        expected = winning_shares(sign * x0.numpy()[0], sign * x.numpy()[0])
        assert np.allclose(S[0], expected, atol=1e-14)


def test_ties_are_broken_by_what_is_ahead() -> None:
    S, _ = through(lambda z: z.amax(1, keepdim=True), vector(1, 2, 3), vector(0, 0, 0))
    assert S.tolist() == [[0, 0, 1]]


PAIRWISE: dict[str, Function] = {
    "maximum": lambda z: torch.maximum(z[:, :3], z[:, 3:]),
    "minimum": lambda z: torch.minimum(z[:, :3], z[:, 3:]),
    "max of two": lambda z: torch.max(z[:, :1], z[:, 1:]),
}


@pytest.mark.parametrize("name", PAIRWISE)
def test_of_two_tensors_each_weighs_by_how_long_it_wins(name: str) -> None:
    S, _ = through(PAIRWISE[name], X, X0)
    assert np.allclose(S.sum(1), 1)
    assert (S >= 0).all()


POOLS: dict[str, tuple[tuple[int, ...], Function]] = {
    "1d": ((2, 9), lambda z: F.max_pool1d(z, 2)),
    "overlapping": ((2, 7, 8), lambda z: F.max_pool2d(z, 3, 2, 1)),
    "ceil": ((1, 6, 7), lambda z: F.max_pool2d(z, 2, ceil_mode=True)),
    "dilated": ((1, 9, 9), lambda z: F.max_pool2d(z, (2, 3), (1, 2), (1, 0), (2, 1))),
    "module": ((2, 6, 6), nn.MaxPool2d(3, 1, 1)),
    "3d": ((1, 4, 5, 6), lambda z: F.max_pool3d(z, 2, 1)),
    "adaptive 1d": ((2, 7), lambda z: F.adaptive_max_pool1d(z, 3)),
    "adaptive 2d": ((2, 5, 7), lambda z: F.adaptive_max_pool2d(z, (2, 3))),
    "adaptive, one size kept": ((2, 5, 7), nn.AdaptiveMaxPool2d((None, 2))),
    "with positions": ((2, 6, 6), lambda z: F.max_pool2d(z, 2, return_indices=True)[0]),
    "of all": ((2, 3, 3), lambda z: z.amax((2, 3))),
    "with dim": ((3, 4), lambda z: z.max(2).values),
    "the smallest": ((3, 4), lambda z: z.min(1, keepdim=True)[0]),
}


@pytest.mark.parametrize("name", POOLS)
def test_pools_weigh_as_the_windows_of_the_real_operation(name: str) -> None:
    shape, function = POOLS[name]
    torch.manual_seed(3)
    x, x0 = torch.randn(2, 1, *shape, dtype=torch.float64)
    S, lin = through(function, x, x0)
    assert np.allclose(S.sum(1), 1)
    assert (S >= -1e-15).all()
    assert lin.exactness == "from a baseline"
    steps = torch.linspace(0, 1, 4001, dtype=torch.float64)[:-1] + 1 / 8000
    leaf = (x0 + steps.reshape(-1, *[1] * len(shape)) * (x - x0)).requires_grad_()
    outputs = function(leaf).reshape(len(steps), -1)
    for row, value in zip(S, outputs.T, strict=True):
        (gradient,) = torch.autograd.grad(value.sum(), leaf, retain_graph=True)
        assert np.allclose(row, gradient.mean(0).flatten().numpy(), atol=2e-3)


def test_products_take_the_means_of_both_ends() -> None:
    S, _ = through(lambda z: z[:, :3] * z[:, 3:], X, X0)
    mean = ((X + X0) / 2).numpy()[0]
    assert np.allclose(S, np.hstack([np.diag(mean[3:]), np.diag(mean[:3])]), rtol=1e-13)


def test_quotients_take_the_mean_quotient_and_denominator() -> None:
    x, x0 = vector(1.0, -2.0, 3.0, 5.0), vector(0.5, 1.0, 1.0, 2.0)
    S, _ = through(lambda z: z[:, :2] / z[:, 2:], x, x0)
    a, b, a0, b0 = x[0, :2], x[0, 2:], x0[0, :2], x0[0, 2:]
    ratio, below = ((a / b + a0 / b0) / 2).numpy(), ((b + b0) / 2).numpy()
    assert np.allclose(S, np.hstack([np.diag(1 / below), np.diag(-ratio / below)]), rtol=1e-13)


def test_softmax_takes_the_logarithmic_mean_of_the_weights() -> None:
    S, _ = through(lambda z: z.softmax(1), X, X0)
    p, p0 = X.softmax(1).numpy()[0], X0.softmax(1).numpy()[0]
    m = np.where(np.isclose(p, p0), p, (p - p0) / np.log(p / p0))
    assert np.allclose(S, np.diag(m) - np.outer(m, m) / m.sum(), rtol=1e-9, atol=1e-15)
    assert np.allclose(S, S.T)


OTHERS: dict[str, tuple[tuple[int, ...], Function]] = {}


def other(name: str, *shape: int) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        OTHERS[name] = (shape, function)
        return function

    return register


def _weights(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


other("matmul", 4, 4)(lambda z: z @ z.transpose(1, 2))
other("einsum of three", 3, 3)(lambda z: torch.einsum("bij,bjk,bkl->bil", z, z.sin(), z))
other("bmm and baddbmm", 3, 3)(lambda z: torch.baddbmm(z, z.exp(), torch.bmm(z, z)))
other("bilinear", 5)(lambda z: F.bilinear(z, z.exp(), _weights(3, 5, 5)))
other("weights from the input", 2, 4, 4)(lambda z: F.conv2d(z, z[:, :, :2, :2].sin()))
other("softmin", 6)(lambda z: F.softmin(z, 1))
other("log softmax", 6)(lambda z: F.log_softmax(z, 1))
other("logsumexp", 2, 6)(lambda z: z.logsumexp((1, 2)))
other("masked softmax", 2, 3)(
    lambda z: z.masked_fill(torch.tensor([True, False, False]), -torch.inf).softmax(2)
)
other("layer norm", 2, 6)(lambda z: F.layer_norm(z, (6,), _weights(6), _weights(6)))
other("rms norm", 2, 6)(lambda z: F.rms_norm(z, (6,), _weights(6)))
other("group norm", 4, 3)(lambda z: F.group_norm(z, 2, _weights(4), _weights(4)))
other("instance norm", 2, 5)(F.instance_norm)
other("normalize", 4)(F.normalize)
other("norm", 2, 4)(lambda z: z.norm(dim=1))
other("vector norm", 2, 4)(lambda z: torch.linalg.vector_norm(z, dim=(1, 2)))
other("standard deviation", 5)(lambda z: z.std(1))
other("variance", 5)(lambda z: z.var(1))
other("cosine", 3, 5)(lambda z: F.cosine_similarity(z[:, :1], z, 2))
other("glu", 6)(F.glu)
other("swiglu", 6)(lambda z: F.silu(z[:, :3]) * z[:, 3:])
other("attention", 2, 3, 4)(lambda z: F.scaled_dot_product_attention(z, z.sin(), z.cos()))
other("causal", 2, 3, 4)(
    lambda z: F.scaled_dot_product_attention(z, z.sin(), z, is_causal=True, scale=0.3)
)
other("grouped queries", 4, 3, 2)(
    lambda z: F.scaled_dot_product_attention(z, z[:, :2], z[:, 2:], enable_gqa=True)
)
other("masked attention", 1, 3, 4)(
    lambda z: F.scaled_dot_product_attention(z, z, z, torch.eye(3).bool().logical_not())
)
other("added mask", 1, 3, 4)(lambda z: F.scaled_dot_product_attention(z, z, z, _weights(3, 3)))
other("a denominator that changes its sign", 4)(lambda z: (z.sin() + 2) / (z[:, :1] - 0.1))
other("a constant over the input", 4)(lambda z: _weights(3, 1) / z)
other("gather", 4)(lambda z: z.sin().gather(1, torch.tensor([[3, 0]]).expand(len(z), 2)))
other("complex", 4)(lambda z: torch.view_as_real(torch.fft.fft(z) * torch.fft.fft(z)))
other("complex sine", 4)(lambda z: torch.sin(torch.complex(z, z.flip(1))).real)
other("chosen by the input", 4)(lambda z: torch.where(z > 0, z.sin(), 0.1 * z))
other("chosen by a method", 4)(lambda z: z.sin().where(z > 0, 0.3 * z))
other("chosen alike at both ends", 4)(
    lambda z: torch.where(torch.tensor([True, False, True, True]), z.sin(), z)
)
other("chosen from the input or not", 4)(lambda z: torch.where(z > 0, z, 0.0))
other("interpolate", 2, 3)(lambda z: F.interpolate(z.sin(), 5, mode="linear"))


@pytest.mark.parametrize("name", OTHERS)
def test_exact_and_adjoint_without_completion(name: str) -> None:
    shape, function = OTHERS[name]
    torch.manual_seed(5)
    x, x0 = torch.randn(2, 1, *shape, dtype=torch.float64)
    _, lin = through(function, x, x0)
    assert lin.exactness == "from a baseline"


MODULES: dict[str, tuple[tuple[int, ...], Callable[[], nn.Module]]] = {
    "lstm": ((4, 3), lambda: nn.LSTM(3, 5, 2, batch_first=True, bidirectional=True)),
    "lstm without bias": ((4, 3), lambda: nn.LSTM(3, 5, bias=False, batch_first=True)),
    "gru": ((4, 3), lambda: nn.GRU(3, 5, 2, batch_first=True)),
    "rnn": ((4, 3), lambda: nn.RNN(3, 5, batch_first=True)),
    "rnn relu": ((4, 3), lambda: nn.RNN(3, 5, batch_first=True, nonlinearity="relu")),
    "lstm cell": ((3,), lambda: nn.LSTMCell(3, 5)),
    "gru cell": ((3,), lambda: nn.GRUCell(3, 5)),
    "encoder layer": ((4, 6), lambda: nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)),
    "decoder layer": ((4, 6), lambda: _Decoder()),
    "attention": ((4, 6), lambda: _Attention(bias_kv=True, zero=True)),
    "attention, own sizes": ((4, 6), lambda: _Attention(kdim=6, vdim=6)),
    "attention, its weights": ((4, 6), lambda: _Attention(weights=True)),
    "batch norm and prelu": ((3, 4, 4), lambda: nn.Sequential(nn.BatchNorm2d(3), nn.PReLU(3))),
}


class _Attention(nn.Module):
    def __init__(
        self, bias_kv: bool = False, zero: bool = False, weights: bool = False, **sizes: int
    ) -> None:
        super().__init__()
        options = {"add_bias_kv": bias_kv, "add_zero_attn": zero, "batch_first": True}
        self.attention = nn.MultiheadAttention(6, 2, **options, **sizes)
        self.weights = weights

    def forward(self, x: Tensor) -> Tensor:
        padding = torch.tensor([[False, False, False, True]]).expand(len(x), 4)
        mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=x.dtype)
        found = self.attention(x, x.sin(), x, key_padding_mask=padding, attn_mask=mask)
        return found[1 if self.weights else 0]


class _Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(6, 2, 8, batch_first=True, norm_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x, x.tanh())


class _First(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        output = self.module(x)
        while not isinstance(output, Tensor):
            output = output[0]
        return output


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_exact_and_adjoint_without_completion(name: str) -> None:
    shape, build = MODULES[name]
    torch.manual_seed(6)
    module = _First(build()).double().eval()
    x, x0 = torch.randn(2, 1, *shape, dtype=torch.float64)
    _, lin = through(module, x, x0)
    assert lin.exactness == "from a baseline"


COMPLETED: dict[str, Function] = {
    "sort": lambda z: z.sort(1).values,
    "topk": lambda z: z.topk(2, 1).values,
    "median": lambda z: z.median(1, keepdim=True).values,
    "cumulative maximum": lambda z: z.cummax(1).values,
    "product": lambda z: z.prod(1, keepdim=True),
    "power of two tensors": lambda z: z[:, :3].exp() ** z[:, 3:],
}


@pytest.mark.parametrize("name", COMPLETED)
def test_what_has_no_rule_is_completed_and_named_with_its_share(name: str) -> None:
    _, lin = through(COMPLETED[name], X, X0)
    (site,) = [site for site in lin.sites if site.completed is not None]
    assert 0 <= site.completed < 3
    assert f"{site.address} ({site.completed:.0%})" in lin.exactness


def test_the_completion_is_the_least_change_that_makes_the_mean_exact() -> None:
    S, lin = through(COMPLETED["sort"], X, X0)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    mean = np.zeros((6, 6))
    for node, weight in zip(nodes, weights, strict=True):
        z = X0 + (X - X0) * (node + 1) / 2
        mean += weight / 2 * np.eye(6)[np.argsort(z.numpy()[0])]
    step = (X - X0).numpy()[0]
    change = np.sort(X.numpy()[0]) - np.sort(X0.numpy()[0])
    rest = change - mean @ step
    assert np.allclose(S, mean + np.outer(rest, step) / (step @ step), atol=1e-12)
    (site,) = [site for site in lin.sites if site.completed is not None]
    assert np.isclose(site.completed, np.linalg.norm(rest) / np.linalg.norm(change))
