from itertools import cycle

import pytest
import torch
from torch import nn

from specxai.affine import linearize
from specxai.errors import (
    InvalidInputError,
    InvalidModelError,
    SpecxaiError,
)

F = torch.nn.functional


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).eval()


class Calls(nn.Module):
    """Runs a function of the input between two layers."""

    def __init__(self, function, act=None):
        super().__init__()
        self.act, self.function = act or nn.Identity(), function
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.function(self.act(x)))


def message_of(error, model, x):
    with pytest.raises(error) as caught:
        linearize(model, x)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_function_is_no_model(unchecked_annotations):
    message = message_of(InvalidModelError, torch.relu, torch.ones(1, 4))
    assert "builtin_function_or_method" in message
    assert "wrap" in message


@pytest.mark.parametrize(("part", "where"), [("", "the model"), ("1", "module '1'")])
def test_train_mode(part, where):
    model = mlp()
    model.get_submodule(part).training = True
    message = message_of(InvalidModelError, model, torch.ones(1, 4))
    assert message == f"{where} is in train mode: call model.eval() first"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_broken_weights(value):
    model = mlp()
    model[2].bias.data[1] = value
    message = message_of(InvalidModelError, model, torch.ones(1, 4))
    assert "'2.bias'" in message
    assert "load intact weights" in message


def test_broken_running_statistics():
    model = nn.Sequential(nn.BatchNorm1d(4)).eval()
    model[0].running_var[0] = float("nan")
    assert "'0.running_var'" in message_of(InvalidModelError, model, torch.ones(1, 4))


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_broken_input(value):
    x = torch.ones(1, 4)
    x[0, :2] = value
    assert "holds 2 NaN or infinite" in message_of(InvalidInputError, mlp(), x)


def test_integers():
    message = message_of(InvalidInputError, mlp(), torch.ones(1, 4, dtype=torch.int64))
    assert "floating-point tensor, not torch.int64" in message


def test_a_list(unchecked_annotations):
    message = message_of(InvalidInputError, mlp(), [1.0, 2.0])
    assert "floating-point tensor, not list" in message


@pytest.mark.parametrize("shape", [(2, 4), (4,), (), (0, 4)])
def test_other_than_one_sample(shape):
    message = message_of(InvalidInputError, mlp(), torch.ones(shape))
    assert str(tuple(shape)) in message
    assert "x[None]" in message


def test_wrong_shape():
    message = message_of(InvalidInputError, mlp(), torch.ones(1, 7))
    assert "(1, 7)" in message
    assert "mat1 and mat2 shapes" in message


def test_wrong_dtype():
    message = message_of(InvalidInputError, mlp(), torch.ones(1, 4).double())
    assert "torch.float64" in message
    assert "'0.weight' torch.float32" in message
    assert "x.to(torch.float32)" in message


def test_wrong_device():
    assert "on meta" in message_of(InvalidInputError, mlp(), torch.ones(1, 4, device="meta"))


def test_a_model_without_weights():
    assert "meta" in message_of(InvalidModelError, mlp().to("meta"), torch.ones(1, 4))


@pytest.mark.parametrize("function", [lambda x: (x, x), lambda x: {"y": x}])
def test_an_output_that_is_no_tensor(function):
    model = Calls(lambda x: x)
    model.head = nn.Identity()
    model.function = function
    assert "name the tensor to explain by forward=" in message_of(
        InvalidModelError, model.eval(), torch.ones(1, 4)
    )


def test_an_infinite_output():
    message = message_of(
        InvalidModelError, Calls(lambda x: x * 1e38 * 1e38).eval(), torch.ones(1, 4)
    )
    assert "output holds NaN or infinite" in message


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


class SquareLayer(nn.Module):
    def forward(self, x):
        return Square.apply(x)


class SelfGate(nn.Module):
    def forward(self, x):
        return x * x


@pytest.mark.parametrize(
    ("act", "operation"),
    [
        (nn.GELU(), "gelu"),
        (nn.Sigmoid(), "sigmoid"),
        (nn.Softmax(1), "softmax"),
        (nn.SiLU(), "silu"),
        (nn.LayerNorm(4), "layer_norm"),
        (SelfGate(), "mul"),
        (SquareLayer(), "Square"),
    ],
)
def test_an_operation_that_is_not_piecewise_linear_is_listed_with_its_module(act, operation):
    lin = linearize(Calls(lambda x: x, act).eval(), ones())
    assert (lin.conventional[0].operation, lin.conventional[0].module) == (operation, "act")
    assert lin.conventional[0].convention == "tangent"
    assert "tangent" in lin.exactness


def ones():
    return torch.ones(1, 4)


def without_grad(x):
    with torch.no_grad():
        return 2 * x


def in_numpy(x):
    return x + torch.from_numpy(x.numpy())


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (lambda x: x + x.detach(), "detach"),
        (lambda x: x + x.data, "data"),
        (lambda x: x * x.abs().max().item(), "item"),
        (lambda x: x * float(x.abs().max()), "float"),
        (lambda x: x + torch.tensor(x.tolist()), "tolist"),
        (lambda x: x + without_grad(x), "mul"),
        (in_numpy, "numpy"),
    ],
    ids=["detach", "data", "item", "float", "tolist", "no_grad", "numpy"],
)
def test_what_hides_the_input_is_listed(function, operation):
    lin = linearize(Calls(function).eval(), ones())
    (site,) = lin.conventional
    assert (site.operation, site.module, site.convention) == (operation, "", "frozen")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.ones(4).to(x) + x,
        lambda x: torch.ones(4).type_as(x) + x,
        lambda x: torch.ones(1).expand_as(x) + x,
        lambda x: torch.ones_like(x) + x,
        lambda x: x.new_zeros(4) + x,
        lambda x: x[:, [0, 1, 2, 3]] * x.shape[1],
    ],
    ids=["to", "type_as", "expand_as", "ones_like", "new_zeros", "shape"],
)
def test_a_constant_of_the_inputs_form_is_allowed(function):
    assert linearize(Calls(function).eval(), ones()).output.shape == (1, 3)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.dropout(x.expand(99, 4), 0.5, training=True).sum(0, keepdim=True),
        lambda x: x + 1e-4 * F.dropout(x, 0.5, training=True),
        lambda x: x + torch.randn_like(x),
    ],
    ids=["dropout", "weak dropout", "noise"],
)
def test_random_output(function):
    torch.manual_seed(0)
    message = message_of(SpecxaiError, Calls(function).eval(), ones())
    assert "random" in message or "dropout" in message


def test_a_random_shape():
    sizes = cycle([2, 3])
    model = Calls(lambda x: x)
    model.head = nn.Identity()
    model.function = lambda x: x[:, : next(sizes)]
    assert "two runs of the model" in message_of(InvalidModelError, model.eval(), ones())


def test_a_tensor_overwritten_after_its_use():
    """PyTorch runs this network and cannot differentiate it."""

    def overwrite(x):
        z = F.relu(x)
        z += 1
        return z

    with pytest.raises(SpecxaiError, match=r"in.place"):
        linearize(Calls(overwrite).eval(), ones()).rows(torch.arange(3))


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_wrappers_are_taken_off(wrap):
    model = mlp()
    lin = linearize(wrap(model), ones())
    assert lin.model is model
    assert lin.layers[0].address == "0"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_script_module_is_refused_with_the_way_out():
    message = message_of(InvalidModelError, torch.jit.trace(mlp(), ones()), ones())
    assert "ScriptModule" in message
    assert "torch.export" in message


def test_a_script_module_inside():
    inside = nn.Sequential(torch.jit.trace(mlp(), ones())).eval()
    assert "ScriptModule" in message_of(InvalidModelError, inside, ones())


def test_a_quantized_model():
    class Stub(nn.Module):
        __module__ = "torch.ao.nn.quantized.dynamic.modules.linear"

    message = message_of(InvalidModelError, nn.Sequential(Stub()).eval(), ones())
    assert "pass the model of floats" in message


def test_a_model_made_in_inference_mode():
    with torch.inference_mode():
        model = mlp()
    assert "copy.deepcopy" in message_of(InvalidModelError, model, ones())


def test_an_output_of_integers():
    class Choice(nn.Module):
        def forward(self, x):
            return x.argmax(1)

    assert "returns torch.int64" in message_of(InvalidModelError, Choice().eval(), ones())


def test_the_last_frozen_operation_is_named():
    model = nn.Sequential(nn.LayerNorm(4), nn.Softmax(-1)).eval()
    with pytest.raises(InvalidModelError, match="past softmax@1"):
        linearize(model, ones(), "secant")
