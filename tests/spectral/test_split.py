import pytest
import torch

import zoo
from reference import dense
from specxai.affine import linearize
from specxai.errors import TargetError
from specxai.spectral.split import choose_target, split


@pytest.mark.parametrize("name", zoo.names())
def test_equation_16_the_factors(name):
    net = zoo.build(name)
    truth = dense(net.model, net.x, net.layer, net.target)
    parts = split(linearize(net.model, net.x), net.layer, net.target)
    m, M = truth.R.shape
    assert parts.right.shape == (m, M)
    torch.testing.assert_close(parts.right.rows(torch.arange(m)), torch.tensor(truth.R))
    torch.testing.assert_close(parts.left, torch.tensor(truth.L))


@pytest.mark.parametrize("name", zoo.names())
def test_equation_16_the_layer_and_its_bypass_make_the_row_of_u(name):
    net = zoo.build(name)
    truth = dense(net.model, net.x, net.layer, net.target)
    parts = split(linearize(net.model, net.x), net.layer, net.target)
    through = float(parts.left @ parts.right.push(net.x.reshape(1, -1))[0])
    assert through + float(parts.bypass) == pytest.approx(float(parts.linear), abs=1e-12)
    assert float(parts.bypass) == pytest.approx(truth.bypass, abs=1e-12)
    if net.cut:
        composed = torch.tensor(truth.L @ truth.R)
        torch.testing.assert_close(composed, torch.tensor(truth.u[truth.target]))


@pytest.mark.parametrize("name", zoo.names())
def test_the_bypass_is_exactly_zero_on_cuts_only(name):
    net = zoo.build(name)
    parts = split(linearize(net.model, net.x), net.layer, net.target)
    assert parts.cut is net.cut
    assert (float(parts.bypass) == 0) is net.cut


@pytest.mark.parametrize("name", zoo.names())
def test_equations_8_and_9_of_one_output(name):
    net = zoo.build(name)
    truth = dense(net.model, net.x, net.layer, net.target)
    parts = split(linearize(net.model, net.x), net.layer, net.target)
    j = truth.target
    assert float(parts.output) == pytest.approx(truth.y[j], abs=1e-12)
    assert float(parts.bias) == pytest.approx(truth.b[j], abs=1e-12)
    linear = float(torch.tensor(truth.u[j]) @ net.x.flatten())
    assert float(parts.linear) == pytest.approx(linear, abs=1e-12)
    assert parts.output.dtype == parts.left.dtype == torch.float64


def test_all_outputs_at_once():
    net = zoo.build("mlp")
    truth = dense(net.model, net.x, None)
    parts = split(linearize(net.model, net.x), None)
    assert parts.left is None
    assert parts.target is None
    assert parts.cut
    torch.testing.assert_close(parts.output.flatten(), torch.tensor(truth.y))
    torch.testing.assert_close(parts.bias.flatten(), torch.tensor(truth.b))
    assert not parts.bypass.any()


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        ((1, 4), None, 3),
        ((1, 4), 2, 2),
        ((1, 4), (2,), (2,)),
        ((1, 1), None, 0),
        ((1, 1, 1), None, (0, 0)),
        ((1,), None, ()),
        ((1, 2, 3), (1, 2), (1, 2)),
        ((1, 4), -1, 3),
        ((1, 2, 3), (-1, -3), (1, 0)),
    ],
)
def test_targets(shape, target, expected):
    output = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    assert choose_target(output, target) == expected


@pytest.mark.parametrize(
    ("shape", "target", "words"),
    [
        ((1, 4), 4, "target 4 is out of range: choose from 0 to 3"),
        ((1, 4), -5, "target -5 is out of range: choose from 0 to 3"),
        ((1, 4), (1, 1), "has 2 indices and an output of shape (1, 4) needs 1"),
        ((1, 2, 3), 1, "has 1 indices and an output of shape (1, 2, 3) needs 2"),
        ((1, 2, 3), (1, 3), "target (1, 3) is out of range: choose from 0 to 2"),
        ((1, 2, 3), None, "give a target of 2 indices, or layer=None without a target"),
    ],
)
def test_targets_that_do_not_exist(shape, target, words):
    with pytest.raises(TargetError) as caught:
        choose_target(torch.zeros(shape), target)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("unchecked_annotations")
def test_targets_of_other_types():
    output = torch.arange(4.0)[None]
    assert choose_target(output, torch.tensor(2)) == 2
    with pytest.raises(TargetError, match="target 'cat' is no position"):
        choose_target(output, "cat")
