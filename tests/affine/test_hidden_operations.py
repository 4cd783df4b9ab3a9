"""Operations that PyTorch's function hooks do not see: named, never canonical, right or refused."""

import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from awkward import (
    Calls,
    assert_right,
    assert_right_or_refused,
    conventions,
    inputs,
    refusal,
)
from reference import differences
from specxai import linearize

warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
X = inputs(1, 4)


def assert_not_canonical(model: nn.Module, x: Tensor = X, rule: str = "tangent") -> None:
    lin = linearize(model, x, rule)
    assert lin.exactness != "canonical"
    assert "tangent" in conventions(lin).values()


# --- torch.jit -----------------------------------------------------------------------------------


@torch.jit.script
def swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


@torch.jit.script
def gelu_by_hand(x: Tensor) -> Tensor:
    return x * 0.5 * (1.0 + torch.erf(x * 0.70710678))


@torch.jit.script
def leaky(x: Tensor, slope: float) -> Tensor:
    return torch.where(x > 0, x, slope * x) + 0.1


@torch.jit.script
def counted(x: Tensor, times: int) -> Tensor:
    for _ in range(times):
        x = torch.tanh(x) + x
    return x


SCRIPTED: dict[str, Callable[[Tensor], Tensor]] = {
    "swish": swish,
    "gelu": gelu_by_hand,
    "piecewise linear": lambda z: leaky(z, 0.3),
    "a loop": lambda z: counted(z, 3),
    "two": lambda z: swish(leaky(z, 0.2)) + z,
}


@pytest.mark.parametrize("function", SCRIPTED)
@pytest.mark.parametrize("warm", [0, 4])
def test_a_scripted_function_by_its_tangent(function: str, warm: int) -> None:
    model = Calls(SCRIPTED[function])
    for _ in range(warm):  # after two calls the executor optimizes, and may fuse
        leaf = X.clone().requires_grad_()
        model(leaf).sum().backward()
        model(X)
    assert_right(model, X, layers=(None, "first"), closes=False)
    assert_not_canonical(model)


@pytest.mark.parametrize("function", SCRIPTED)
def test_a_scripted_function_under_the_secant_convention(function: str) -> None:
    model = Calls(SCRIPTED[function])
    assert_right_or_refused(model, X, rule="secant", closes=False)
    assert_not_canonical(model, rule="secant")


def test_a_scripted_function_beside_one_that_has_a_rule() -> None:
    model = Calls(lambda z: swish(z) + torch.sigmoid(z))
    lin = assert_right(model, X, rule="secant", closes=False)
    assert set(conventions(lin).values()) == {"secant", "tangent"}


def test_a_traced_function() -> None:
    traced = torch.jit.trace(lambda z: z * torch.sigmoid(z), torch.ones(1, 8).double())
    model = Calls(lambda z: traced(z))
    assert_right(model, X, layers=(None, "first"), closes=False)
    assert_not_canonical(model)


def test_a_scripted_function_that_freezes_its_input() -> None:
    @torch.jit.script
    def gated(x: Tensor) -> Tensor:
        return x * torch.sigmoid(x).detach()

    model = Calls(lambda z: gated(z))
    with torch.no_grad():
        gate = model.first(X).sigmoid()
    assert_right_or_refused(
        model, X, truth=lambda x: model.last(model.first(x) * gate), closes=False
    )


# --- torch.autograd.Function ---------------------------------------------------------------------


class Square(torch.autograd.Function):
    """The old form: neither vmap nor forward mode knows it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 2 * ctx.saved_tensors[0] * gradient


class SquareOnce(Square):
    """Its derivative has none."""

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 2 * ctx.saved_tensors[0] * gradient


class SquareInNumpy(Square):
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return torch.from_numpy(2 * ctx.saved_tensors[0].numpy() * gradient.numpy())


class SquareNew(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x**2

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 2 * ctx.saved_tensors[0] * gradient


class SquareForward(SquareNew):
    """With a forward-mode formula of its own."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return 2 * ctx.saved_tensors[0] * tangent


class SquareWrongForward(SquareForward):
    """The two directions disagree."""

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        return ctx.saved_tensors[0] * tangent


class HalfOnce(torch.autograd.Function):
    """Piecewise linear, and its derivative has none."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.relu() + 0.5

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * (ctx.saved_tensors[0] > 0)


class InPlace(torch.autograd.Function):
    """As inplace-abn does: its input is gone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        ctx.save_for_backward(x.sign())
        return x.abs_()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * ctx.saved_tensors[0]


FUNCTIONS = [Square, SquareOnce, SquareInNumpy, SquareForward, SquareNew, HalfOnce, InPlace]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_function_with_a_right_backward(function: Any) -> None:
    model = Calls(lambda z: function.apply(z + 0.0))
    assert_right_or_refused(model, X, layers=(None, "first"), closes=False)
    assert_not_canonical(model)
    assert function.__name__ in conventions(linearize(model, X))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_function_under_the_secant_convention(function: Any) -> None:
    model = Calls(lambda z: function.apply(z + 0.0).sigmoid())
    assert_right_or_refused(model, X, rule="secant", layers=(None, "first"), closes=False)


def test_two_directions_that_disagree() -> None:
    model = Calls(lambda z: SquareWrongForward.apply(z))
    assert_right_or_refused(model, X, layers=(None, "first"), closes=False)


class RoundThrough(torch.autograd.Function):
    """A straight-through estimator: its derivative is a choice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class Reversed(torch.autograd.Function):
    """Gradient reversal of domain adaptation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return -gradient


@pytest.mark.parametrize("function", [RoundThrough, Reversed], ids=lambda f: f.__name__)
def test_a_chosen_backward_is_not_canonical(function: Any) -> None:
    """The map is affine and adjoint in itself, whatever it is, or it is refused."""
    model = Calls(lambda z: function.apply(z.relu()))

    def explained() -> None:
        lin = assert_right(model, X, layers=(None, "first"), closes=False, derivative=False)
        assert lin.exactness != "canonical"
        assert function.__name__ in conventions(lin)

    refusal(explained)


# --- operators of torch.library ------------------------------------------------------------------


@torch.library.custom_op("specxai_test::cube", mutates_args=())
def cube(x: Tensor) -> Tensor:
    return x**3


@torch.library.custom_op("specxai_test::cube_with_vmap", mutates_args=())
def cube_with_vmap(x: Tensor) -> Tensor:
    return x**3


@torch.library.custom_op("specxai_test::soft_clip", mutates_args=())
def soft_clip(x: Tensor, bound: float) -> Tensor:
    return bound * torch.tanh(x / bound)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(inputs[0])
    ctx.bound = inputs[1] if len(inputs) > 1 else None


def _cubed(ctx: Any, gradient: Tensor) -> Tensor:
    return 3 * ctx.saved_tensors[0] ** 2 * gradient


def _clipped(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
    return gradient / torch.cosh(ctx.saved_tensors[0] / ctx.bound) ** 2, None


cube.register_autograd(_cubed, setup_context=_keep)
cube_with_vmap.register_autograd(_cubed, setup_context=_keep)
cube_with_vmap.register_vmap(lambda info, dims, x: (cube_with_vmap(x), dims[0]))
soft_clip.register_autograd(_clipped, setup_context=_keep)

OPERATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "cube": cube,
    "cube with a vmap rule": cube_with_vmap,
    "soft clip": lambda z: soft_clip(z, 0.7),
    "cube in torch.ops": lambda z: torch.ops.specxai_test.cube(z) + z,
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_of_ones_own(operator: str) -> None:
    model = Calls(lambda z: OPERATORS[operator](z) / 2)
    assert_right(model, X, layers=(None, "first"), closes=False)
    assert_not_canonical(model)


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_under_the_secant_convention(operator: str) -> None:
    model = Calls(lambda z: OPERATORS[operator](z).sigmoid())
    assert_right_or_refused(model, X, rule="secant", layers=(None, "first"), closes=False)


torchvision_ops = pytest.importorskip("torchvision.ops")
BOXES = torch.tensor([[0, 1.0, 1, 5, 5], [0, 0.5, 2, 4, 6]]).double()
REGIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "roi_align": lambda z: torchvision_ops.roi_align(z, BOXES, 2),
    "roi_align, aligned": lambda z: torchvision_ops.roi_align(z, BOXES, 2, aligned=True),
    "roi_pool": lambda z: torchvision_ops.roi_pool(z, BOXES, 2),
    "ps_roi_align": lambda z: torchvision_ops.ps_roi_align(z, BOXES, 2),
    "ps_roi_pool": lambda z: torchvision_ops.ps_roi_pool(z, BOXES, 2),
    "deform_conv2d": lambda z: torchvision_ops.deform_conv2d(
        z, z[:, :, :-1, :-1].mean(1, keepdim=True).expand(1, 8, -1, -1), KERNEL
    ),
    "deform_conv2d, mask": lambda z: torchvision_ops.deform_conv2d(
        z,
        0.3 * torch.ones(1, 8, *[n - 1 for n in z.shape[2:]]).double(),
        KERNEL,
        mask=z[:, :, :-1, :-1].sigmoid(),
    ),
}
KERNEL = torch.linspace(-1, 1, 2 * 4 * 4, dtype=torch.float64).reshape(2, 4, 2, 2)


class Detector(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.function = nn.Conv2d(2, 4, 3), function
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.conv(x)).flatten().unflatten(0, (1, -1))[:, ::3]


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("function", REGIONS)
def test_operators_of_torchvision(function: str, rule: str) -> None:
    x = inputs(1, 2, 9, 9)
    model = Detector(REGIONS[function])
    assert_right_or_refused(model, x, rule=rule, layers=(None, "conv"), closes=False)


def test_regions_of_interest_are_explained() -> None:
    """A common operator, and the kind is settled by its tests above: it is not to be refused."""
    assert_right(Detector(REGIONS["roi_align"]), inputs(1, 2, 9, 9), layers=(None, "conv"))


# --- compiled and vectorized parts ---------------------------------------------------------------


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_submodule(backend: str) -> None:
    model = Calls(lambda z: z)
    model.first = torch.compile(
        nn.Sequential(nn.Linear(4, 8), nn.GELU()).double().eval(), backend=backend
    )
    try:
        if not assert_right_or_refused(model, X, closes=False):
            assert linearize(model, X).exactness != "canonical"
    finally:
        torch.compiler.reset()


def test_a_compiled_function() -> None:
    compiled = torch.compile(lambda z: z * z.sigmoid(), backend="eager")
    model = Calls(lambda z: compiled(z))
    try:
        assert_right_or_refused(model, X, closes=False)
    finally:
        torch.compiler.reset()


class Ensemble(nn.Module):
    """Members run together by vmap, as the manual of torch.func has it."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        members = [
            nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, 2)).double().eval()
            for _ in range(3)
        ]
        parameters, _ = torch.func.stack_module_state(members)
        self.weights = nn.ParameterDict(
            {name.replace(".", "_"): nn.Parameter(value) for name, value in parameters.items()}
        )
        self.template = [deepcopy(members[0]).to("meta")]
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        def one(weights: dict[str, Tensor], z: Tensor) -> Tensor:
            return torch.func.functional_call(self.template[0], weights, (z,))

        weights = {name.replace("_", "."): value for name, value in self.weights.items()}
        return torch.func.vmap(one, (0, None))(weights, x).mean(0)


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU()], ids=["relu", "gelu"])
def test_an_ensemble_under_vmap(activation: nn.Module, rule: str) -> None:
    model = Ensemble(activation)
    reason = assert_right_or_refused(model, X, rule=rule, closes=False)
    if not reason and isinstance(activation, nn.GELU):
        assert linearize(model, X, rule).exactness != "canonical"


def test_the_reference_of_these_tests() -> None:
    """Differences see neither hooks nor autograd."""
    model = Calls(lambda z: Reversed.apply(z))
    right = differences(lambda x: model.last(model.first(x)), X, X)
    assert torch.allclose(torch.tensor(right), torch.tensor(differences(model, X, X)))
