"""A model that remembers: one explanation leaves it as it was, and a refusal names what moved."""

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from awkward import assert_right, inputs, refusal, same
from specxai import SpecxaiError, explain, linearize

F = torch.nn.functional
X = inputs(1, 4)


class Stateful(nn.Module):
    """A step that may read and write what the model keeps, between two linear layers."""

    def __init__(self, step: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.step = nn.Linear(4, 4), nn.Linear(4, 2), step
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("cache", torch.zeros(1, 3, 4))
        self.plain, self.number, self.history = torch.zeros(1, 4), 0, []
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.step(self, self.first(x)).tanh())

    def snapshot(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.named_buffers()}


def counts(m: Stateful, z: Tensor) -> Tensor:
    m.calls += 1
    return z


def counts_in_a_number(m: Stateful, z: Tensor) -> Tensor:
    m.number += 1
    return z


def writes_a_buffer(m: Stateful, z: Tensor) -> Tensor:
    m.mean.mul_(0.9).add_(z.detach()[0], alpha=0.1)
    return z


def replaces_a_buffer(m: Stateful, z: Tensor) -> Tensor:
    m.mean = 0.5 * m.mean + z.detach()[0]
    return z


def fills_a_cache(m: Stateful, z: Tensor) -> Tensor:
    """A cache that is filled anew in each call."""
    m.cache[:, 0] = z
    m.cache[:, 1] = 2 * z.relu()
    return m.cache[:, :2].sum(1)


def starts_over(m: Stateful, z: Tensor) -> Tensor:
    m.mean.zero_()
    m.mean += z.detach()[0]
    return z - m.mean.mean()


def keeps_a_list(m: Stateful, z: Tensor) -> Tensor:
    m.history.append(z.detach())
    return z


def keeps_an_attribute(m: Stateful, z: Tensor) -> Tensor:
    m.plain = z
    return z + 0


HARMLESS = [
    counts, counts_in_a_number, writes_a_buffer, replaces_a_buffer, starts_over,
    keeps_a_list, keeps_an_attribute,
]  # fmt: skip


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("step", HARMLESS, ids=lambda f: f.__name__)
def test_state_that_the_output_does_not_see(step: Any, rule: str) -> None:
    model = Stateful(step)
    reference = Stateful(step)

    def truth(x: Tensor) -> Tensor:
        if step is not starts_over:
            return reference.last(reference.first(x).tanh())
        with torch.no_grad():
            held = reference.first(X).mean()
        return reference.last((reference.first(x) - held).tanh())

    before = model.snapshot()
    assert_right(model, X, truth, rule, layers=(None, "first"))
    assert all(same(value, model.get_buffer(name)) for name, value in before.items())


def test_a_cache_that_is_filled_in_each_call() -> None:
    model = Stateful(fills_a_cache)
    before = model.snapshot()
    reference = Stateful(lambda _, z: z + 2 * z.relu())
    assert_right(model, X, reference, layers=(None, "first"))
    assert all(same(value, model.get_buffer(name)) for name, value in before.items())
    assert not any(value.requires_grad for value in model.buffers())


def moves_a_mean(m: Stateful, z: Tensor) -> Tensor:
    m.mean.mul_(0.9).add_(z.detach()[0], alpha=0.1)
    return z - m.mean


def remembers_the_last(m: Stateful, z: Tensor) -> Tensor:
    z = z + 0.5 * m.plain
    m.plain = z.detach()
    return z


def grows(m: Stateful, z: Tensor) -> Tensor:
    m.history.append(z.detach())
    return z * len(m.history)


def scheduled(m: Stateful, z: Tensor) -> Tensor:
    m.number += 1
    return z / m.number


def replaced(m: Stateful, z: Tensor) -> Tensor:
    m.mean = m.mean + z.detach()[0]
    return z - m.mean


MOVING = {
    moves_a_mean: "mean",
    remembers_the_last: "plain",
    grows: "history",
    scheduled: "number",
    replaced: "mean",
}


@pytest.mark.parametrize("step", MOVING, ids=lambda f: f.__name__)
def test_state_that_the_output_sees(step: Any) -> None:
    """Each call is from the state that the model was in, or refused with the reason."""
    model, fresh = Stateful(step), Stateful(step)
    before = model.snapshot()
    kept = copy.copy(model.history), model.number, model.plain.clone()

    def explained() -> None:
        lin = linearize(model, X)
        with torch.no_grad():
            torch.testing.assert_close(lin.output, fresh(X))
        torch.testing.assert_close(lin.jvp(X)[0], lin.rows([0, 1]).flatten(1) @ X.flatten())
        torch.testing.assert_close(lin.jvp(X) + lin.bias(), lin.output)

    message = refusal(explained)
    assert not message or MOVING[step] in message or "state" in message
    assert "dropout" not in message
    assert all(same(value, model.get_buffer(name)) for name, value in before.items())
    if MOVING[step] == "mean":  # plain attributes cannot all be put back
        assert (copy.copy(model.history), model.number) == kept[:2]


@pytest.mark.parametrize(
    "fault", [lambda: linearize, lambda: explain], ids=["linearize", "explain"]
)
def test_the_state_is_put_back_after_a_refusal(fault: Any) -> None:
    model = Stateful(lambda m, z: counts(m, z) * float("nan"))
    with pytest.raises(SpecxaiError):
        fault()(model, X)
    assert int(model.calls) == 0


def test_the_buffers_stay_the_same_objects() -> None:
    """Another part of a program may hold them."""
    model = Stateful(writes_a_buffer)
    held = dict(model.named_buffers())
    explain(model, X, "first", 0)
    assert all(model.get_buffer(name) is value for name, value in held.items())


# --- random numbers ------------------------------------------------------------------------------

RANDOM: dict[str, Callable[[Tensor], Tensor]] = {
    "dropout": lambda z: F.dropout(z, 0.5, training=True),
    "noise": lambda z: z + 0.1 * torch.randn_like(z),
    "a bernoulli mask": lambda z: z * torch.bernoulli(torch.full_like(z, 0.5)),
    "a permutation": lambda z: z[:, torch.randperm(z.shape[1])],
    "drawn in place": lambda z: z + torch.empty_like(z).normal_(),
    "of random": lambda z: z * random.random(),
    "of numpy": lambda z: z * float(np.random.rand()),
    "gumbel softmax": lambda z: F.gumbel_softmax(z),
}


@pytest.mark.parametrize("function", RANDOM)
def test_random_numbers_are_named(function: str) -> None:
    torch.manual_seed(3)
    random.seed(3)
    with pytest.raises(SpecxaiError, match="random") as caught:
        linearize(Stateful(lambda _, z: RANDOM[function](z)), X)
    assert "\n" not in str(caught.value)


def test_a_seeded_generator_is_no_fault() -> None:
    def project(_: Any, z: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return z @ torch.randn(4, 4, generator=generator, dtype=z.dtype)

    assert_right(Stateful(project), X, layers=(None, "first"))


def test_random_numbers_that_change_nothing() -> None:
    assert_right(Stateful(lambda _, z: z + 0 * torch.rand_like(z)), X)


def test_the_users_random_state_is_left_alone() -> None:
    model = Stateful(counts)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    explain(model, X, "first", 0)
    assert torch.equal(torch.rand(3), expected)


class Collecting(nn.Module):
    """Collects what its layers give, by hooks that it sets in its first run."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh())
        self.last, self.watched = nn.Linear(4, 2), False
        self.seen: list[Tensor] = []
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        if not self.watched:
            self.watched = True
            for layer in self.layers:
                layer.register_forward_hook(lambda _layer, _args, z: self.seen.append(z))
        self.seen = []
        self.layers(x)
        return self.last(sum(self.seen, torch.zeros(())))


def test_hooks_of_a_first_run_go_with_their_flag():
    model, plain = Collecting(), Collecting()
    assert_right(model, X, lambda x: plain(x.clone()), layers=(None, "last"))
    assert not model.watched
    assert not any(layer._forward_hooks for layer in model.layers)
    assert model(X).equal(plain(X))
    assert all(len(layer._forward_hooks) == 1 for layer in model.layers)


def test_hooks_of_an_earlier_run_stay():
    model = Collecting()
    model(X)
    before = [dict(layer._forward_hooks) for layer in model.layers]
    assert_right(model, X)
    assert [dict(layer._forward_hooks) for layer in model.layers] == before


def test_a_hook_that_takes_itself_off_is_put_back():
    model = Collecting()
    handle = model.last.register_forward_hook(lambda *_: handle.remove())
    linearize(model, X)
    assert len(model.last._forward_hooks) == 1
