"""Models with several inputs and with outputs that are not a tensor."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reference import dense_jacobian
from specxai import explain, linearize
from specxai.affine.tracing.arguments import read_arguments
from specxai.errors import InvalidInputError, InvalidModelError

F = torch.nn.functional


class Fusion(nn.Module):
    """Two inputs of different length, a mask and a switch; the output is a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 5), nn.Linear(3, 5)
        self.head = nn.Linear(5, 2)

    def forward(
        self, a: Tensor, b: Tensor, mask: Tensor | None = None, double: bool = False
    ) -> dict[str, Tensor]:
        a -= 0.5  # in place: the caller's own tensor must not change
        z = F.relu(self.left(a) + self.right(b))
        if mask is not None:
            z = z.masked_fill(~mask, 0.25)
        return {"out": self.head(2 * z if double else z), "aux": z}


def out(model: nn.Module, *args: object, **kwargs: object) -> Tensor:
    return model(*args, **kwargs)["out"]


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return Fusion().double().eval()


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, False, True, True]])
    return {"a": torch.randn(1, 4).double(), "b": torch.randn(1, 3).double(), "mask": mask}


def truth(model: nn.Module, inputs: dict[str, Tensor], wrt: str) -> tuple[np.ndarray, np.ndarray]:
    leaf = inputs[wrt].clone().requires_grad_()
    given = {name: value.clone() for name, value in inputs.items()}
    y = model(**{**given, wrt: leaf.clone()})["out"]
    return y.detach().numpy().ravel(), dense_jacobian(y, leaf)


@pytest.mark.parametrize("wrt", ["a", "b"])
def test_the_other_inputs_are_held_fixed(model, inputs, wrt):
    lin = linearize(model, inputs, wrt=wrt, forward=out)
    y, u = truth(model, inputs, wrt)
    np.testing.assert_allclose(lin.output.numpy().ravel(), y)
    np.testing.assert_allclose(lin.rows([0, 1]).numpy(), u)  # a batch of two
    b = y - u @ inputs[wrt].numpy().ravel()
    np.testing.assert_allclose(lin.bias().numpy().ravel(), b)
    ledger = lin.ledger()
    np.testing.assert_allclose(sum(e.contribution for e in ledger.entries).numpy().ravel(), b)


def test_a_tuple_and_a_dict_are_the_same(model, inputs):
    given = tuple(value.clone() for value in inputs.values())
    one = linearize(model, given, wrt=1, forward=out)
    two = linearize(model, inputs, wrt="b", forward=out)
    assert one.rows([0, 1]).equal(two.rows([0, 1]))
    assert all(a.equal(b) for a, b in zip(given, inputs.values(), strict=True))


def test_values_that_are_no_tensors_are_passed_on(model, inputs):
    plain = linearize(model, inputs, wrt="b", forward=out)
    double = linearize(model, {**inputs, "mask": None, "double": True}, wrt="b", forward=out)
    assert not double.output.allclose(plain.output)
    y, _ = truth(model, {**inputs, "mask": torch.ones(1, 5).bool()}, "b")
    bias = model.head.bias.detach()
    torch.testing.assert_close(double.output[0], 2 * (torch.tensor(y) - bias) + bias)


def test_explain_takes_the_same_inputs(model, inputs):
    ex = explain(model, inputs, "left", 1, wrt="a", forward=out)
    assert ex.x.equal(inputs["a"])
    total = ex.contributions.sum() + ex.bypass + ex.bias
    torch.testing.assert_close(total, ex.output)


def test_the_only_floating_point_tensor_is_the_one_to_explain(inputs):
    point, rest = read_arguments({"a": inputs["a"], "mask": inputs["mask"]}, None)
    assert point is inputs["a"]
    assert (rest.wrt, list(rest.fixed)) == ("a", ["mask"])


def test_operations_of_forward_belong_to_the_network(model, inputs):
    def forward(model: nn.Module, **given: Tensor) -> Tensor:
        return model(**given)["out"] * 2 + 7

    lin = linearize(model, inputs, wrt="a", forward=forward)
    added = {str(e.address): e.contribution for e in lin.ledger().entries}
    torch.testing.assert_close(added["add@model#2"], torch.full((1, 2), 7.0).double())
    assert [layer.address for layer in lin.layers] == ["left", "right", "head"]
    assert lin.layer("head").cut


def test_a_dataclass_output():
    @dataclass
    class Result:
        logits: Tensor

    class Model(nn.Module):
        def forward(self, x: Tensor) -> Result:
            return Result(3 * x + 1)

    lin = linearize(Model().eval(), torch.ones(1, 2), forward=lambda model, x: model(x).logits)
    assert lin.rows([0, 1]).equal(3 * torch.eye(2))
    assert lin.bias().equal(torch.ones(1, 2))


def message_of(kind: type[Exception], *args: object, **kwargs: object) -> str:
    with pytest.raises(kind) as caught:
        linearize(*args, **kwargs)
    return str(caught.value)


def test_two_candidates_need_a_choice(model, inputs):
    message = message_of(InvalidInputError, model, inputs, forward=out)
    assert "wrt= must name" in message
    assert "'a', 'b'" in message


def test_a_wrong_choice(model, inputs):
    message = message_of(InvalidInputError, model, inputs, wrt="c", forward=out)
    assert "wrt='c' is not among the inputs 'a', 'b', 'mask'" in message


def test_a_choice_without_a_choice(model):
    assert "needs inputs in a tuple" in message_of(
        InvalidInputError, model, torch.ones(1, 4), wrt="a"
    )


def test_an_output_that_is_no_tensor(model, inputs):
    message = message_of(InvalidModelError, model, inputs, wrt="a")
    assert "returns a dict with 'out', 'aux'" in message
    assert "forward=" in message


def test_a_fixed_input_with_nan(model, inputs):
    inputs["b"][0, 0] = float("nan")
    message = message_of(InvalidInputError, model, inputs, wrt="a", forward=out)
    assert "input 'b' holds NaN" in message


def test_a_fixed_input_on_another_device(model, inputs):
    inputs["b"] = inputs["b"].to("meta")
    message = message_of(InvalidInputError, model, inputs, wrt="a", forward=out)
    assert "input 'b' is on meta and input 'a' on cpu" in message


class Foreign(nn.Module):
    """Holds tensors that require grad and are no parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 3)
        self.loose = torch.linspace(-1, 1, 3).requires_grad_()
        self.hidden = [nn.Linear(3, 3)]

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.a(x) * torch.sigmoid(z) + F.relu(self.hidden[0](self.loose)) + self.loose.exp()


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_what_else_requires_grad_is_a_constant(rule):
    torch.manual_seed(0)
    model, outside = Foreign().eval(), nn.Linear(2, 4)

    def forward(model: nn.Module, x: Tensor, z: Tensor) -> Tensor:
        return model(x + torch.tanh(outside(torch.ones(1, 2))), z)

    z = nn.Linear(3, 3)(torch.ones(1, 3))  # not a leaf, and requires grad
    lin = linearize(model, (torch.randn(1, 4), z), rule, wrt=0, forward=forward)
    assert lin.exactness == "canonical"
    assert lin.ledger().remainder.abs().max() < 1e-6
    assert {site.operation for site in lin.sites} == {"add", "linear", "mul"}
    expected = model.a.weight * torch.sigmoid(z[0])[:, None]
    torch.testing.assert_close(lin.rows([0, 1, 2]), expected.detach())
