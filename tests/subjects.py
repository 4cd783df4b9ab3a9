"""Two images of a small classifier, and methods of a few lines."""

from dataclasses import replace

import torch
from torch import Tensor

from classifier import build_plain
from specxai.cache import Cache
from specxai.compare import Instance, Method, Subject, prepare
from specxai.errors import UnsupportedOperationError


def build_subjects(cache: Cache | None = None) -> list[Subject]:
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(5))
    instance = prepare(build_plain(), x)[0]
    mask = torch.zeros(16, 16, dtype=torch.bool)
    mask[:8] = True
    other = replace(instance, x=x.flip(3) / 2)
    return [Subject("a", instance, mask, cache), Subject("b", other, mask, cache)]


def product(instance: Instance) -> Tensor:
    x = instance.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(instance.model(x)[0, instance.target], x)
    return slope * instance.x


def never(instance: Instance) -> Tensor:
    raise UnsupportedOperationError("it has no heart for it")


def constant(instance: Instance) -> Tensor:
    return torch.ones_like(instance.x)


METHODS = (
    Method("product", product, "u·x", "∂y/∂x ⊙ x"),
    Method("constant", constant, "", "1"),
    Method("never", never, "y", "nothing"),
)
