"""Batch norms whose result is seen through other strides: PyTorch pulls these back wrongly."""

import pytest
import torch
from torch import Tensor, nn

from awkward import assert_right, inputs

F = torch.nn.functional


def trained(model: nn.Module) -> nn.Module:
    for part in model.modules():
        if getattr(part, "running_var", None) is not None:
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
        if isinstance(part, nn.modules.batchnorm._NormBase) and part.affine:
            part.weight.data.uniform_(0.5, 2)
            part.bias.data.normal_()
    return model.double().eval()


class Through(nn.Module):
    """A norm of an image, a function of its result, and a linear layer of all."""

    def __init__(self, norm: nn.Module, function: object, outputs: int) -> None:
        super().__init__()
        self.norm, self.function = norm, function
        self.head = nn.Linear(outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.function(self.norm(x)).flatten(1))  # type: ignore[operator]


class Tokens(nn.Module):
    """A stem of a hybrid transformer: convolution, batch norm, tokens, attention."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.bn(self.conv(x)).flatten(2).transpose(1, 2)
        return self.head((z + self.attention(z, z, z, need_weights=False)[0]).mean(1))


TOKENS = {
    "flatten and transpose": lambda z: z.flatten(2).transpose(1, 2),
    "permute": lambda z: z.movedim(1, -1),
    "permute and matmul": lambda z: z.movedim(1, -1).relu() @ MIXING,
    "einsum": lambda z: torch.einsum("bc...,cd->b...d", z, MIXING),
    "sum of channels": lambda z: z.movedim(1, -1).cumsum(-1),
    "reversed": lambda z: z.flip(1).transpose(1, -1),
    "channels last": lambda z: _channels_last(z).relu().movedim(1, -1).reshape(1, -1),
    "every second": lambda z: z.transpose(1, -1)[:, ::2].repeat_interleave(2, 1)[:, : z.shape[-1]],
}
MIXING = torch.arange(9.0).reshape(3, 3).double() / 9 - 0.4


def _channels_last(z: Tensor) -> Tensor:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    return z.contiguous(memory_format=formats[z.ndim]) if z.ndim in formats else z


@pytest.mark.parametrize("function", TOKENS)
@pytest.mark.parametrize(
    "norm",
    [
        lambda: nn.BatchNorm1d(3),
        lambda: nn.BatchNorm2d(3),
        lambda: nn.BatchNorm3d(3),
        lambda: nn.BatchNorm2d(3, affine=False),
        lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        lambda: nn.InstanceNorm1d(3, track_running_stats=True),
    ],
    ids=["1d", "2d", "3d", "2d without weights", "instance 2d", "instance 1d"],
)
def test_a_norm_and_permuted_values(norm: object, function: str) -> None:
    torch.manual_seed(0)
    module = norm()  # type: ignore[operator]
    shape = (3, *[4, 2, 3][: int(type(module).__name__[-2])])
    model = trained(Through(module, TOKENS[function], torch.Size(shape).numel()))
    assert_right(model, inputs(1, *shape), layers=(None, "norm"))


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_a_hybrid_transformer(rule: str) -> None:
    torch.manual_seed(0)
    assert_right(trained(Tokens()), inputs(1, 2, 4, 4), rule=rule, layers=(None, "bn", "conv"))


def test_batch_norm_by_its_function() -> None:
    class Functional(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            mean, var = MIXING[0], MIXING[1].abs() + 0.5
            z = F.batch_norm(x.transpose(1, 2), mean, var, MIXING[2], None).transpose(1, 2)
            return (z @ MIXING).relu().flatten(1)

    assert_right(Functional().eval(), inputs(1, 4, 3))


def test_a_batch_norm_over_strided_values_and_a_residual() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bn, self.mix = nn.BatchNorm2d(4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            z = self.bn(x.transpose(2, 3))
            z = z + self.mix(z.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            return self.bn(z).permute(0, 2, 3, 1).amax((1, 2))

    torch.manual_seed(0)
    assert_right(trained(Block()), inputs(1, 4, 3, 2), layers=(None, "bn", "bn#2", "mix"))
