"""The networks and layers that are measured."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from specxai.models import load_input, load_model

Build = Callable[[], tuple[nn.Module, Tensor]]


@dataclass(frozen=True)
class Case:
    """One network with an input, and a layer to split it at.

    Attributes:
        build: makes the network, in eval mode, and its input; the same each time.
        layer: address of the layer; None for the whole network.
        shape: (m, M) of the Jacobian R.
    """

    build: Build
    layer: str | None
    shape: tuple[int, int]


def _torchvision(name: str) -> Build:
    def build() -> tuple[nn.Module, Tensor]:
        x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        return load_model(f"torchvision:{name}", "none").module, x

    return build


def _cat() -> tuple[nn.Module, Tensor]:
    model = load_model("demo:efficientnet-lite0")
    return model.module, load_input("demo:chelsea", model).tensor


def _autoencoder(*half: int) -> Build:
    """A fully connected auto-encoder of squares, seeded and not trained."""

    def build() -> tuple[nn.Module, Tensor]:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            layers: list[nn.Module] = []
            for inputs, outputs in pairwise([*half, *half[-2::-1]]):
                layers += [nn.Linear(inputs, outputs), nn.ReLU()]
            return nn.Sequential(*layers[:-1]).eval(), torch.rand(1, half[0])

    return build


_PIXELS = 3 * 224 * 224
CASES: dict[str, Case] = {
    "alexnet/features.12": Case(_torchvision("alexnet"), "features.12", (9216, _PIXELS)),
    "alexnet/classifier.5": Case(_torchvision("alexnet"), "classifier.5", (4096, _PIXELS)),
    "vgg11_bn/features.28": Case(_torchvision("vgg11_bn"), "features.28", (25088, _PIXELS)),
    "vgg11_bn/classifier.5": Case(_torchvision("vgg11_bn"), "classifier.5", (4096, _PIXELS)),
    "resnet18/layer4": Case(_torchvision("resnet18"), "layer4", (25088, _PIXELS)),
    "efficientnet-lite0/_avg_pooling": Case(_cat, "_avg_pooling", (1280, _PIXELS)),
    "efficientnet-lite0/_swish#2": Case(_cat, "_swish#2", (62720, _PIXELS)),
    "autoencoder": Case(_autoencoder(4096, 512, 128, 8), None, (4096, 4096)),
    "small autoencoder": Case(_autoencoder(256, 128, 24), None, (256, 256)),  # a trial, in seconds
}
