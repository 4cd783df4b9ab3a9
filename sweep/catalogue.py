"""All networks of the sweep, by name."""

from collections.abc import Callable
from importlib import import_module

import torch

from sweep.case import Case, lifelike

SOURCES = ("timm", "torchvision", "transformers", "pyg", "monai", "segmentation")
Builder = Callable[[], Case]


def catalogue() -> dict[str, Builder]:
    """Return a builder for each network; its name begins with its source."""
    return {
        f"{source} {name}": builder
        for source in SOURCES
        for name, builder in import_module(f"sweep.sources.{source}").cases().items()
    }


def build(builder: Builder) -> Case:
    """Return a network with its random, seeded weights, in float64."""
    torch.manual_seed(0)
    return lifelike(builder())
