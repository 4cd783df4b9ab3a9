"""The linear region: inside it the Jacobian stays, at its border it changes (4)."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import zoo
from specxai import linearize
from specxai.errors import InvalidInputError

BEND = [name for name in zoo.names() if name not in ("expansive", "repeated values")]


def directions(x: Tensor) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    noise = [torch.randn(x.shape, generator=generator, dtype=x.dtype) for _ in range(4)]
    return [d / d.norm() for d in noise]


@pytest.mark.parametrize("name", BEND)
def test_the_border_is_where_the_pattern_changes_and_not_before(name: str) -> None:
    net = zoo.build(name)
    lin = linearize(net.model, net.x)
    found = [(d, lin.region.distance(d)) for d in directions(net.x)]
    assert any(math.isfinite(t) for _, t in found)
    rows = torch.arange(min(3, lin.output.numel()))
    assert lin.region.contains(net.x)
    for d, t in found:
        if math.isinf(t):
            assert lin.region.contains(net.x + 1e3 * d)
            continue
        near, far = net.x + 0.999 * t * d, net.x + 1.001 * t * d
        assert lin.region.contains(near)
        assert not lin.region.contains(far)
        torch.testing.assert_close(linearize(net.model, near).rows(rows), lin.rows(rows))


@pytest.mark.parametrize("name", ["expansive", "repeated values"])
def test_a_linear_network_has_no_border(name: str) -> None:
    net = zoo.build(name)
    region = linearize(net.model, net.x).region
    assert region.borders == 0
    assert region.distance(net.x) == math.inf
    assert region.contains(-5 * net.x)


class Calls(nn.Module):
    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)  # type: ignore[operator]


X = torch.tensor([[0.5, -1.0, 2.0, 3.5]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("function", "distance"),
    [
        (F.relu, 0.5),  # 0.5 → 0
        (lambda z: F.relu6(z + 2), 0.5),  # 5.5 → 6
        (lambda z: z.clamp(-2, 3), 0.5),  # 3.5 → 3
        (lambda z: F.hardtanh(z + 0.25), 0.25),  # 0.75 → 1 and −0.75 → −1
        (lambda z: F.hardtanh(z, -4, 4), 0.5),
        (lambda z: F.softshrink(z, 0.75), 0.25),
        (lambda z: z.max(1).values, 0.75),  # 3.5 and 2 meet half-way
        (lambda z: z.min(1).values, 0.75),
        (lambda z: z.sort(1).values, 0.75),
        (lambda z: z.topk(2).values, 0.75),
        (lambda z: torch.maximum(z, z.flip(1)), 1.5),
        (lambda z: torch.where(z > 1.75, z, -z), 0.25),
        (lambda z: F.max_pool1d(z[:, None], 2)[:, 0], 0.75),
        (lambda z: F.max_pool1d(z[:, None], 3, 2, 1)[:, 0], 0.75),
        (lambda z: F.max_pool1d(z[:, None], 2, return_indices=True)[0][:, 0], 0.75),
        (lambda z: F.adaptive_max_pool1d(z[:, None], 3)[:, 0], 0.75),
    ],
)
def test_the_nearest_border_by_hand(function: object, distance: float) -> None:
    """Along the direction of each entry, or of two that approach each other, in its own norm."""
    region = linearize(Calls(function).eval(), X).region
    single = [sign * e for e in torch.eye(4, dtype=X.dtype)[:, None] for sign in (1, -1)]
    pairs = [(a + b) / 2 for a in single for b in single if not torch.equal(a.abs(), b.abs())]
    # Measured in the entries themselves: a pair moves by half a unit each.
    found = [region.distance(d) / math.sqrt(2) for d in pairs]
    assert min([region.distance(d) for d in single] + found) == pytest.approx(distance)


def test_ties_are_counted_by_site() -> None:
    x = torch.tensor([[1.0, 1.0, 0.0, 2.0]], dtype=torch.float64)
    pool = linearize(Calls(lambda z: F.max_pool1d(z[:, None], 2)[:, 0]).eval(), x)
    (tie,) = pool.region.ties()
    assert (tie.address.operation, tie.count, tie.total) == ("max_pool1d", 1, 4)
    (gate,) = linearize(Calls(F.relu).eval(), x).region.ties()
    assert (gate.count, gate.total) == (1, 4)


def test_values_behind_a_closed_gate_are_no_ties() -> None:
    x = torch.tensor([[-1.0, -2.0]], dtype=torch.float64)
    lin = linearize(Calls(lambda z: F.relu(z).max(1).values).eval(), x)
    assert lin.region.ties() == ()


def test_the_certificate_names_its_directions() -> None:
    net = zoo.build("mlp")
    lin = linearize(net.model, net.x)
    certificate = lin.region.certificate(lin.rows(torch.arange(1)), directions=2)
    assert list(certificate.distances) == ["+x", "-x", "+u", "-u", "random 0", "random 1"]
    assert certificate.distances["-x"] == lin.region.distance(-net.x)
    assert certificate.norm == pytest.approx(float(net.x.norm()))
    assert certificate == lin.region.certificate(lin.rows(torch.arange(1)), directions=2)


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.parametrize("wrong", [torch.ones(1, 7), torch.ones(2, 6), np.ones((1, 6))])
def test_inputs_of_another_shape_are_refused(wrong):
    net = zoo.build("mlp")
    region = linearize(net.model, net.x).region
    for question in (region.contains, region.distance):
        with pytest.raises(InvalidInputError, match=r"give a tensor of shape \(1, 6\)"):
            question(wrong)
    assert region.contains(net.x.float().double())


def test_flips_are_counted_by_site() -> None:
    region = linearize(Calls(lambda z: F.relu6(F.relu(z) + 3)).eval(), X).region
    assert region.flips(X) == ()
    other = torch.tensor([[-0.5, 1.0, 2.0, 2.5]], dtype=X.dtype)
    first, second = region.flips(other)
    assert (first.address.operation, first.count, first.total) == ("relu", 2, 4)
    assert (second.address.operation, second.count, second.total) == ("relu6", 1, 8)


@pytest.mark.parametrize("name", ["residual branch", "second call", "in-place at a branch"])
def test_the_region_of_the_rest_of_a_network(name: str) -> None:
    """Around a layer's output: its border is where the rest stops being affine."""
    net = zoo.build(name)
    lin = linearize(net.model, net.x)
    z = lin.right(net.layer).value
    rest, region = lin.left(net.layer, z), lin.region_at(net.layer, z)
    assert 0 < region.borders <= lin.region.borders
    for d in directions(rest.x):
        t = min(region.distance(d), 1e3)
        near, far = rest.x + 0.999 * t * d, rest.x + 1.001 * t * d
        assert region.contains(near)
        predicted = rest.value + rest.push(near - rest.x).reshape(rest.value.shape)
        torch.testing.assert_close(rest.function(near), predicted)
        assert region.contains(far) == (t == 1e3)


def test_no_rest_has_no_border() -> None:
    net = zoo.build("mlp")
    lin = linearize(net.model, net.x)
    region = lin.region_at(None, lin.output)
    assert (region.borders, region.flips(9 * region.x), region.ties()) == (0, (), ())
