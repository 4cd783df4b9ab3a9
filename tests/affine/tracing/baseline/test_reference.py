"""Programs that take another path at the baseline are refused, with the place."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from specxai import linearize
from specxai.errors import InvalidInputError, UnsupportedOperationError


class Calls(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def longer(z: Tensor) -> Tensor:
    while float(z.sum()) > 1:
        z = z / 2
    return z.sin()


def shorter(z: Tensor) -> Tensor:
    return z.sin().cos() if float(z.sum()) < 0 else z.sin()


OTHER_PATHS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "a mask made by hand": (lambda z: z * (z > 0), "mul@model"),
    "a mask that fills": (lambda z: z.masked_fill(z < 0, 0.0), "masked_fill@model"),
    "a number that left": (lambda z: z * float(z.max()), "mul@model"),
    "a position of the largest": (lambda z: z.gather(1, z.argmax(1, keepdim=True)), "gather@model"),
    "a detached gate": (lambda z: z * z.sigmoid().detach(), "mul@model"),
    "more steps at x": (longer, "div@model"),
    "more steps at the baseline": (shorter, "calls on the input's path"),
    "another branch": (lambda z: z.sin() if float(z.sum()) > 0 else z.cos(), "sin@model"),
    "unpooling": (
        lambda z: nn.functional.max_unpool1d(
            *nn.functional.max_pool1d(z[:, None], 2, return_indices=True), 2
        ),
        "max_unpool1d@model",
    ),
}


@pytest.mark.parametrize("name", OTHER_PATHS)
def test_another_path_at_the_baseline_is_refused_with_the_place(name: str) -> None:
    function, place = OTHER_PATHS[name]
    x = torch.tensor([[3.0, -1.0, 2.0, 1.0]], dtype=torch.float64)
    with pytest.raises(UnsupportedOperationError, match=place) as told:
        linearize(Calls(function).eval(), x, baseline=-x)
    assert "baseline=None" in str(told.value)


def test_what_cannot_be_seen_is_refused_if_it_bends() -> None:
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z**2

        @staticmethod
        def backward(ctx, gradient):
            (z,) = ctx.saved_tensors
            return 2 * z * gradient

    with pytest.raises(UnsupportedOperationError, match=r"Hidden.* not seen"):
        linearize(Calls(Hidden.apply).eval(), torch.ones(1, 3), baseline="zero")


def test_other_inputs_are_the_same_at_both_ends() -> None:
    class Masked(nn.Module):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return (x * mask).sin()

    x, mask = torch.ones(1, 3).double(), torch.tensor([[1.0, 0.0, 2.0]]).double()
    lin = linearize(Masked().eval(), (x, mask), wrt=0, baseline=(0.2 * x, mask))
    expected = ((x * mask).sin() - (0.2 * x * mask).sin()) / (0.8 * x * mask).clamp(min=1e-9)
    assert torch.allclose(torch.diag(lin.rows([0, 1, 2])), (expected * mask)[0])


def test_no_baseline_changes_not_a_bit() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 2)).eval()
    x = torch.randn(1, 4)
    plain, none = linearize(net, x), linearize(net, x, baseline=None)
    assert torch.equal(plain.rows([0, 1]), none.rows([0, 1]))
    assert none.baseline is None
    assert torch.equal(none.displacement, x)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize(
    ("baseline", "told"),
    [
        ("grey", "'zero', 'mean', 'blur' or 'auto'"),
        (torch.zeros(1, 3), r"\(1, 3\)"),
        (torch.full((1, 4), torch.nan), "NaN"),
        ("blur", "no positions"),
        (7, "int"),
        (torch.ones(1, 4), "equals the input"),
    ],
)
def test_a_baseline_that_is_none_is_refused(baseline: object, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        linearize(nn.Linear(4, 2).eval(), torch.ones(1, 4), baseline=baseline)


def test_a_baseline_at_which_the_output_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="output at the baseline"):
        linearize(Calls(lambda z: 1 / z).eval(), torch.ones(1, 4), baseline="zero")


class Two(nn.Module):
    def forward(self, p: Tensor, q: Tensor) -> Tensor:
        return p * q


@pytest.mark.parametrize(
    ("baseline", "told"),
    [
        ({"p": torch.ones(1, 2), "q": torch.full((1, 2), 10.0)}, "'q' is not that of the input"),
        ({"q": torch.ones(1, 2)}, "not 'p', which is explained"),
        (torch.ones(1, 2, device="meta"), "no real values"),
        (torch.ones(1, 2, dtype=torch.complex64), "no real values"),
    ],
)
def test_a_baseline_moves_the_explained_argument_alone(baseline: object, told: str) -> None:
    given = {"p": torch.tensor([[3.0, 1.0]]), "q": torch.ones(1, 2)}
    with pytest.raises(InvalidInputError, match=told):
        linearize(Two().eval(), given, wrt="p", baseline=baseline)
    lin = linearize(Two().eval(), given, wrt="p", baseline={**given, "p": torch.zeros(1, 2)})
    assert lin.baseline_output.tolist() == [[0.0, 0.0]]


def test_a_baseline_that_is_the_input_but_for_rounding_is_refused() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).eval()
    x = torch.tensor([[1.0, -2.0, 3.0]])
    with pytest.raises(InvalidInputError, match="equals the input, to rounding"):
        linearize(net, x, baseline=x * (1 + 2e-7))
    linearize(net, x, baseline=x * (1 + 1e-4))


def test_of_a_picture_of_one_colour_no_blur_is_advised() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 2, 3, bias=False)
    net = nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(32, 2, bias=False)).eval()
    assert linearize(net, torch.full((1, 1, 6, 6), 0.7), baseline="auto").baseline_name == "zero"
    picture = torch.rand(1, 1, 6, 6)
    assert linearize(net, picture, baseline="auto").baseline_name == "blur"
