import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from specxai.affine.tracing.operations import (
    Kind,
    carries,
    classify,
    depends,
    operation_name,
    tensors_in,
)

F = torch.nn.functional
NONLINEAR = {Kind.RULE, Kind.AUTOGRAD}

X = torch.tensor([[[0.3, -1.2, 0.7, 2.0], [1.1, 0.2, -0.4, 0.9]]], dtype=torch.float64)
C = torch.arange(1.0, 9.0, dtype=torch.float64).reshape(1, 2, 4)
SQUARE = torch.arange(16.0, dtype=torch.float64).reshape(4, 4)
GRID = torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(1, 2, 4, 2)


def kinds(function, x=X):
    """Return the kinds of all calls that the function makes on tensors that depend on x."""
    seen = []

    class Recorder(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if depends(args, kwargs or {}):
                seen.append(classify(func, args, kwargs or {}))
            return func(*args, **kwargs or {})

    leaf = x.clone().requires_grad_()
    start = leaf.clone()
    with Recorder():
        function(start)
    return set(seen)


AFFINE = {
    "upsampling in an exported program": lambda x: torch.ops.aten.upsample_nearest1d(x, [8]),
    "add": lambda x: 1 + x + x + C,
    "in-place add": lambda x: x.add_(C),
    "sub": lambda x: 3 - x,
    "scale": lambda x: 2 * x * C,
    "divide": lambda x: x / C,
    "matmul": lambda x: x @ SQUARE,
    "constant on the left": lambda x: C.transpose(1, 2) @ x,
    "einsum": lambda x: torch.einsum("bcl,lk->bck", x, SQUARE),
    "linear": lambda x: F.linear(x, SQUARE, SQUARE[0]),
    "bias by name": lambda x: F.linear(x, SQUARE, bias=SQUARE[0]),
    "weights from x": lambda x: F.linear(C, x[0]),
    "addmm": lambda x: torch.addmm(x[0, :1], SQUARE[:1], SQUARE),
    "conv": lambda x: F.conv1d(x, torch.ones(3, 2, 2).double()),
    "batch norm": lambda x: F.batch_norm(x, C[0, :, 0], C[0, :, 1]),
    "cat": lambda x: torch.cat([x, C, x], 1),
    "stack": lambda x: torch.stack([x, C]),
    "slice": lambda x: x[:, :, 1:3],
    "pad": lambda x: F.pad(x, (1, 1), mode="reflect"),
    "average pool": lambda x: F.avg_pool1d(x, 2),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2, mode="linear"),
    "sample an image": lambda x: F.grid_sample(x[:, None], GRID, align_corners=True),
    "mean": lambda x: x.mean((1, 2)),
    "transpose": lambda x: x.permute(0, 2, 1).mT[0].T,
    "dropout that is off": lambda x: F.dropout(x, 0.5, training=False),
    "double": lambda x: x.float().to(torch.float64).type(torch.float64),
}

PIECEWISE_LINEAR = {
    "relu": F.relu,
    "relu in place": torch.relu_,
    "Tensor.relu": Tensor.relu,
    "aten": torch.ops.aten.relu.default,
    "relu6": F.relu6,
    "leaky": F.leaky_relu,
    "prelu": lambda x: F.prelu(x, C[0, :, 0]),
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "softshrink": F.softshrink,
    "clamp": lambda x: x.clamp(min=0),
    "abs": abs,
    "max pool": lambda x: F.max_pool1d(x, 2),
    "adaptive max pool": lambda x: F.adaptive_max_pool1d(x, 2),
    "maximum": lambda x: torch.maximum(x, C),
    "max over a dimension": lambda x: x.max(2),
    "where": lambda x: torch.where(C > 3, x, 0),
    "sort": lambda x: x.sort(),
}

OTHER = {
    "square": lambda x: x * x,
    "in-place product": lambda x: x.mul_(x),
    "power": lambda x: x**2,
    "constant power": lambda x: 2**x,
    "reciprocal": lambda x: 1 / x,
    "quotient": lambda x: x / x,
    "matmul with itself": lambda x: x @ x.mT,
    "einsum with itself": lambda x: torch.einsum("bcl,bcl->bc", x, x),
    "convolution by itself": lambda x: F.conv1d(x, x),
    "gelu": F.gelu,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda x: x.softmax(1),
    "elu": F.elu,
    "softplus": F.softplus,
    "hardswish": F.hardswish,
    "layer norm": lambda x: F.layer_norm(x, (4,)),
    "batch statistics": lambda x: F.batch_norm(x, None, None, training=True),
    "norm": torch.linalg.norm,
    "std": lambda x: x.std(),
    "exp": torch.exp,
}

# The name of the operation is not enough: it depends on where x comes in, or on a flag.
BY_ARGUMENT = {
    "divisor by name": lambda x: torch.div(C, other=x),
    "batch norm's weight by name": lambda x: F.batch_norm(
        x, C[0, :, 0], C[0, :, 1], weight=x[0, :, 0]
    ),
    "grid from x": lambda x: F.grid_sample(
        C[:, None], x[..., None].expand(1, 2, 4, 2), align_corners=True
    ),
    "slope from x": lambda x: F.prelu(x, x[0, :, 0]),
    "modulus of a complex number": lambda x: torch.view_as_complex(x.reshape(4, 2)).abs(),
    "dropout that is on": lambda x: F.dropout(x, 0.5, training=True),
    "rrelu that is on": lambda x: F.rrelu(x, training=True),
}


@pytest.mark.parametrize("name", AFFINE)
def test_affine(name):
    assert kinds(AFFINE[name]) == {Kind.AFFINE}


@pytest.mark.parametrize("name", PIECEWISE_LINEAR)
def test_piecewise_linear(name):
    found = kinds(PIECEWISE_LINEAR[name])
    assert Kind.PIECEWISE_LINEAR in found
    assert not NONLINEAR & found


@pytest.mark.parametrize("name", [*OTHER, *BY_ARGUMENT])
def test_neither(name):
    assert NONLINEAR & kinds({**OTHER, **BY_ARGUMENT}[name])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (torch.relu_, "relu"),
        (F.relu, "relu"),
        (Tensor.relu, "relu"),
        (torch.ops.aten.relu.default, "relu"),
        (torch.ops.aten.add_.Tensor, "add"),
        (Tensor.__iadd__, "add"),
        (Tensor.__radd__, "add"),
        (Tensor.__rsub__, "sub"),
        (Tensor.__rtruediv__, "reciprocal"),
        (Tensor.__itruediv__, "div"),
        (Tensor.T.__get__, "T"),
        (torch.ops.aten._to_copy.default, "_to_copy"),
    ],
)
def test_one_name_for_many_spellings(function, expected):
    assert operation_name(function) == expected


def test_tensors_are_found_in_nests():
    a, b, c = torch.ones(1), torch.ones(2), torch.ones(3)
    found = list(tensors_in(a, [b, {"k": (c,)}], "text", 3, None))
    assert [len(tensor) for tensor in found] == [1, 2, 3]


def test_which_calls_carry_values_of_the_input():
    x = X.clone().requires_grad_() * 1
    assert carries(Tensor.detach, (x,), {})
    assert carries(torch.argmax, (), {"input": x})
    assert not carries(torch.zeros_like, (x,), {})
    assert not carries(Tensor.detach, (C,), {})


@pytest.mark.parametrize(
    ("function", "of"),
    [
        (Tensor.to, lambda x: C.float().to(x)),
        (Tensor.type_as, lambda x: C.float().type_as(x)),
        (Tensor.expand_as, lambda x: C[:, :1].expand_as(x)),
        (Tensor.view_as, lambda x: C.view_as(x)),
    ],
    ids=["to", "type_as", "expand_as", "view_as"],
)
def test_a_constant_that_takes_only_the_form_of_x_carries_nothing(function, of):
    x = X.clone().requires_grad_() * 1
    assert not carries(function, (C, x), {})
    assert not of(x).requires_grad
