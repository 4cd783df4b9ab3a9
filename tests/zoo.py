"""Small awkward networks: seeded, in eval mode, float64, and one layer of each to split at."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

F = torch.nn.functional


@dataclass(frozen=True)
class Net:
    """A network, an input, and what is known of one layer by reading the network."""

    model: nn.Module
    x: Tensor
    layer: str | None
    cut: bool
    target: int | tuple[int, ...] | None


_BUILDERS: dict[str, Callable[[], Net]] = {}


def build(name: str) -> Net:
    return _BUILDERS[name]()


def names() -> list[str]:
    return list(_BUILDERS)


def several(net: Net) -> Tensor:
    """The input of a network, one near it, and another one."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(2, *net.x.shape[1:], generator=generator, dtype=net.x.dtype)
    return torch.cat([net.x, 0.7 * net.x + 0.1 * noise[:1], noise[1:]])


def _register(
    name: str,
    shape: tuple[int, ...],
    module: Callable[[], nn.Module],
    layer: str | None,
    *,
    cut: bool = True,
    target: int | tuple[int, ...] | None = None,
) -> None:
    def builder() -> Net:
        torch.manual_seed(len(name))
        model = module().double().eval()
        for part in model.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
                part.weight.data.uniform_(-1, 2)
                part.bias.data.normal_()
        return Net(model, torch.randn(shape).double(), layer, cut, target)

    _BUILDERS[name] = builder


class InPlaceEverywhere(nn.Module):
    """Overwrites its own input, a layer's output right after the call, and the sum of a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.conv = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(48, 4)

    def forward(self, x: Tensor) -> Tensor:
        x -= 0.1
        x.relu_()
        skip = self.relu(self.first(x))
        z = self.conv(skip)
        z.mul_(2).add_(0.3)
        z += skip
        z = self.relu(F.leaky_relu(z, 0.5, inplace=True) + 0.1)
        return self.head(z.flatten(1))


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.norm(self.conv1(x)))))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block = nn.Conv2d(2, 3, 3), Block(3)
        self.head = nn.Linear(3 * 9, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(self.stem(x)).flatten(1))


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(2, 3, 3, padding=1), nn.Conv1d(5, 3, 3, padding=1)
        self.join, self.head = nn.Identity(), nn.Linear(8 * 5, 4)

    def forward(self, x: Tensor) -> Tensor:
        one = torch.cat([x, F.relu(self.first(x))], 1)
        two = self.join(torch.cat([one, F.relu(self.second(one))], 1))
        return self.head(two.flatten(1))


class Reused(nn.Module):
    """One ReLU and one block, each called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.relu = nn.Linear(5, 5), nn.ReLU()
        self.block = nn.Sequential(nn.Linear(5, 5), nn.LeakyReLU(0.2))
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = self.relu(self.block(self.inside(x)) + 0.5)
        return self.head(x)


class Functional(nn.Module):
    """No submodule; only calls, operators, slices and an assignment into a tensor of zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(3, 2, 3))
        self.register_buffer("shift", torch.randn(3, 1))

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(F.conv1d(x, self.kernel, padding=1)) + self.shift
        z = 2 * z - 1.5
        placed = torch.zeros(z.shape[0], 3, 8, dtype=z.dtype)
        placed[:, :, 2:8] = torch.cat([z[:, :, :3], -z[:, :, 3:]], 2)
        return F.hardtanh(placed / 3, -0.8, 0.8).sum(1) + 1


class BatchOfOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 2, 3), nn.Linear(18, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(x)).view(1, -1))


class Mixing(nn.Module):
    """Every sample sees the mean of the batch; a batch of equal copies hides that in its values."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(5, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(self.body(x))
        return self.head(z - 0.5 * z.mean(0, keepdim=True))


class MixingEarly(Mixing):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.body(x - 0.5 * x.mean(0))))


class ViewFlatten(nn.Module):
    """A view that contiguous samples allow and channels-last samples do not."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.flat, self.head = nn.Conv2d(2, 3, 2), nn.Identity(), nn.Linear(27, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(self.conv(x))
        return self.head(self.flat(z.view(len(z), -1)))


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.relu(), 2 * x


class WithPair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pair, self.join, self.head = Pair(), nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.pair(x)
        return self.head(self.join(one - two).abs())


def spectrum(values: list[float]) -> nn.Sequential:
    """Return a linear net whose layer "0" has these singular values."""
    size = len(values)
    left, right = (torch.linalg.qr(torch.randn(size, size).double()).Q for _ in range(2))
    first = nn.Linear(size, size).double()
    first.weight.data = left @ torch.diag(torch.tensor(values).double()) @ right
    return nn.Sequential(first, nn.Linear(size, 3).double())


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _pools() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.MaxPool2d(3, 2, padding=1), nn.AvgPool2d(2, 1),
        nn.AdaptiveMaxPool2d(3), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3),
    )  # fmt: skip


def _norms() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.Dropout2d(0.5), nn.Flatten(), nn.BatchNorm1d(36), nn.Dropout(0.5), nn.Linear(36, 3),
    )  # fmt: skip


def _convolutions(conv: type[nn.Module], transposed: type[nn.Module], flat: int) -> nn.Module:
    return nn.Sequential(
        conv(2, 4, 3, stride=2, padding=2, dilation=2, groups=2), nn.ReLU(),
        transposed(4, 2, 2, stride=2, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(flat, 3),
    )  # fmt: skip


def _activations() -> nn.Module:
    return nn.Sequential(
        nn.Linear(6, 8), nn.ReLU6(), nn.Linear(8, 8), nn.LeakyReLU(0.1), nn.Linear(8, 8),
        nn.PReLU(8), nn.Linear(8, 8), nn.Hardtanh(-0.2, 0.3), nn.Linear(8, 3),
    )  # fmt: skip


_register("mlp", (1, 6), lambda: _mlp(6, 7, 5, 3), "1")
_register("in-place at a branch", (1, 2, 4, 4), InPlaceEverywhere, "conv", cut=False)
_register("in-place at a cut", (1, 2, 4, 4), InPlaceEverywhere, "first")
_register("residual branch", (1, 2, 5, 5), Residual, "block.conv1", cut=False)
_register("residual block", (1, 2, 5, 5), Residual, "block")
_register("concatenation branch", (1, 2, 5), Dense, "second", cut=False)
_register("concatenation", (1, 2, 5), Dense, "join")
_register("norms and dropout", (1, 2, 5, 5), _norms, "2")
_register("max pool", (1, 2, 8, 8), _pools, "1")
_register("every pool", (1, 2, 8, 8), _pools, "4")
_register(
    "convolutions 1d", (1, 2, 7), lambda: _convolutions(nn.Conv1d, nn.ConvTranspose1d, 16), "3"
)
_register(
    "convolutions 2d", (1, 2, 5, 5), lambda: _convolutions(nn.Conv2d, nn.ConvTranspose2d, 72), "3"
)
_register(
    "convolutions 3d",
    (1, 2, 3, 3, 3),
    lambda: _convolutions(nn.Conv3d, nn.ConvTranspose3d, 128),
    "3",
)
_register("activations", (1, 6), _activations, "7")
_register("second call", (1, 5), Reused, "relu#2")
_register("third call", (1, 5), Reused, "relu#3")
_register("block's third call", (1, 5), Reused, "block#3")
_register("module of a block's second call", (1, 5), Reused, "block.0#2")
_register("functional", (1, 2, 6), Functional, None, target=4)
_register("batch of one", (1, 1, 5, 5), BatchOfOne, "conv")
_register("mixes samples late", (1, 5), Mixing, "body")
_register("mixes samples early", (1, 5), MixingEarly, "body")
_register("view flatten", (1, 2, 4, 4), ViewFlatten, "flat")
_register("image to image", (1, 1, 5, 5), lambda: nn.Sequential(
    nn.Conv2d(1, 2, 3), nn.ReLU(), nn.ConvTranspose2d(2, 2, 3)), "1", target=(1, 2, 3),
)  # fmt: skip
_register("regression", (1, 6), lambda: _mlp(6, 5, 1), "1", target=0)
_register(
    "regression without a dimension",
    (1, 6),
    lambda: nn.Sequential(*_mlp(6, 5, 1), nn.Flatten(0)),
    "1",
    target=(),
)
_register("expansive", (1, 4), lambda: nn.Sequential(nn.Linear(4, 12), nn.Linear(12, 3)), "0")
_register("repeated values", (1, 5), lambda: spectrum([3.0, 2.0, 2.0, 2.0, 1.0]), "0")
_register("wide output", (1, 5), lambda: _mlp(5, 6, 200), "1")
_register("pair inside", (1, 5), WithPair, "join")
