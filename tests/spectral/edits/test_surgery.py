"""Surgery against one slow forward pass with the layer's output replaced."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import specxai
import zoo
from branches import build as branches
from edited import operate_slowly, run_replaced
from reference import dense_jacobian, run_with_layer
from specxai.errors import InvalidInputError

SCALES = [0.0, 2.0, 0.5, -1.0]
# Where σ repeat, single components are not defined.
DEFINED = [name for name in zoo.names() if name != "repeated values"]


@cache
def explained(name):
    net = zoo.build(name)
    return net, specxai.explain(net.model, net.x, net.layer, net.target)


@pytest.mark.parametrize("name", DEFINED)
def test_prediction_and_answer_against_dense(name):
    net, ex = explained(name)
    scales = SCALES[: ex.rank]
    cut = ex.surgery(scale=dict(enumerate(scales)))
    prediction, outputs, truth = operate_slowly(net.model, net.x, net.layer, net.target, scales)
    assert float(cut.prediction) == pytest.approx(prediction, rel=1e-8, abs=1e-9)
    np.testing.assert_allclose(cut.outputs.flatten(), outputs, rtol=1e-8, atol=1e-9)
    assert float(cut.answer) == pytest.approx(outputs[truth.target], rel=1e-8, abs=1e-9)
    assert float(cut.difference) == float(cut.answer - cut.prediction)
    assert cut.outputs.shape == ex.linearization.output.shape


@pytest.mark.parametrize("name", zoo.names())
def test_keeping_all_changes_nothing(name):
    _, ex = explained(name)
    cut = ex.surgery(keep=range(ex.rank))
    assert cut.outputs.equal(ex.linearization.output.double())
    assert float(cut.difference) == pytest.approx(float(ex.residual), abs=1e-14)
    assert cut.flips == ()
    assert cut.reach == float("inf")


@pytest.mark.parametrize("name", DEFINED)
def test_the_prediction_is_exact_inside_the_region_and_not_outside(name):
    _, ex = explained(name)
    whole = ex.surgery(keep=[])
    near = min(0.9 * whole.reach, 1.0)
    inside = ex.surgery(scale=dict.fromkeys(range(ex.rank), 1 - near))
    assert inside.flips == ()
    scale = float(inside.predictions.abs().max())
    torch.testing.assert_close(inside.predictions, inside.outputs, rtol=0, atol=1e-10 * scale)
    if whole.reach < float("inf"):
        beyond = ex.surgery(scale=dict.fromkeys(range(ex.rank), 1 - 1.1 * whole.reach))
        assert sum(flip.count for flip in beyond.flips) > 0
        assert float((beyond.predictions - beyond.outputs).abs().max()) > 1e-8


def test_outside_somewhere():
    """The test above is not empty."""
    reaches = [explained(name)[1].surgery(keep=[]).reach for name in ("mlp", "residual branch")]
    assert max(reaches) < float("inf")


def test_flips_are_the_gates_that_change():
    net, ex = explained("mlp")
    cut = ex.surgery(scale=dict.fromkeys(range(ex.rank), 9.0))
    truth = operate_slowly(net.model, net.x, net.layer, net.target, [])[2]
    _, z, _ = run_with_layer(net.model, net.x, net.layer)
    before = z.detach().numpy()
    after = before + 8 * truth.U @ truth.c
    weight, bias = net.model[2].weight.detach().numpy(), net.model[2].bias.detach().numpy()
    gates = [(values @ weight.T + bias) > 0 for values in (before, after)]
    (flip,) = cut.flips
    assert (str(flip.address), flip.total) == ("relu@3", cut.borders) == ("relu@3", 5)
    assert flip.count == (gates[0] != gates[1]).sum() > 0


def test_all_predictions_agree_with_the_one_of_the_target():
    _, ex = explained("residual branch")
    cut = ex.surgery(scale={0: 0.3, 1: 4.0})
    assert float(cut.predictions[0, ex.target]) == pytest.approx(float(cut.prediction), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4))
def test_any_scales(scales):
    net, ex = explained("module of a block's second call")
    cut = ex.surgery(scale=dict(enumerate(scales)))
    prediction, outputs, _ = operate_slowly(net.model, net.x, net.layer, net.target, scales)
    assert float(cut.prediction) == pytest.approx(prediction, abs=1e-9)
    np.testing.assert_allclose(cut.outputs.flatten(), outputs, atol=1e-9)
    if not cut.flips:
        assert float(cut.difference) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("layers", [["a", "c"], ["b", "c"], ["stem", "a"]])
@pytest.mark.parametrize("skip", [True, False])
def test_several_layers(layers, skip):
    model, x = branches(skip)
    ex = specxai.explain(model, x, layers, 1)
    cut = ex.surgery(drop=[0, 1])
    z, R = [], []
    for name in ex.layer:
        leaf, output, _ = run_with_layer(model, x, name)
        z.append(output.detach().numpy().ravel())
        R.append(dense_jacobian(output, leaf))
    U = np.linalg.svd(np.concatenate(R))[0][:, :2]
    values = np.concatenate(z) - U @ U.T @ np.concatenate(R) @ x.numpy().ravel()
    parts = np.split(values, [len(z[0])])
    handles = [
        model.get_submodule(name).register_forward_hook(
            lambda _m, _a, out, part=part: torch.tensor(part).reshape(out.shape)
        )
        for name, part in zip(ex.layer, parts, strict=True)
    ]
    with torch.no_grad():
        expected = model(x)
    for handle in handles:
        handle.remove()
    torch.testing.assert_close(cut.outputs, expected, rtol=1e-9, atol=1e-9)
    left = float(ex.output - ex.contributions[:2].sum())
    assert float(cut.prediction) == pytest.approx(left, abs=1e-9)


@pytest.mark.parametrize("target", [None, 1])
def test_the_whole_network_is_edited_at_its_output(target):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 5)).double().eval()
    x = torch.randn(1, 6).double()
    ex = specxai.explain(model, x, None, target)
    cut = ex.surgery(drop=0)
    removed = ex.left_vectors([0]) * ex.coefficients[0]
    torch.testing.assert_close(cut.outputs, ex.linearization.output - removed)
    torch.testing.assert_close(cut.prediction, cut.answer)
    assert cut.prediction.shape == ex.output.shape
    assert (cut.flips, cut.borders, cut.reach) == ((), 0, float("inf"))


def test_unresolved_directions_stay():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 3)).double().eval()
    x = torch.randn(1, 30).double()
    ex = specxai.explain(model, x, "0", method=specxai.Krylov(3))
    cut = ex.surgery(keep=[])
    left = ex.svd.left
    z = model[0](x).detach()[0]
    R = model[0].weight.detach()
    edited = z - left @ (left.T @ (R @ x[0]))
    expected = run_replaced(model, x, "0", edited.numpy())
    np.testing.assert_allclose(cut.outputs.flatten(), expected, atol=1e-6)
    rest = float(ex.unresolved + ex.bypass + ex.bias)
    assert float(cut.prediction) == pytest.approx(rest, abs=1e-9)


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_conventions_change_the_prediction_only(rule):
    """No gate flips in a smooth network, and still its affine map is a stand-in (14, 15)."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 5), nn.GELU(), nn.Linear(5, 3))
    model, x = model.double().eval(), torch.randn(1, 6).double()
    ex = specxai.explain(model, x, "1", rule=rule)
    cut = ex.surgery(drop=0)
    z = model[:2](x) - ex.coefficients[0] * ex.left_vectors([0])
    torch.testing.assert_close(cut.outputs, model[2:](z).detach())
    torch.testing.assert_close(cut.as_module()(x).detach(), cut.outputs)
    assert cut.flips == ()
    assert abs(float(cut.difference)) > 1e-6


def test_single_precision():
    net = zoo.build("residual block")
    ex = specxai.explain(net.model.float(), net.x.float(), net.layer)
    cut = ex.surgery(keep=range(ex.rank))
    torch.testing.assert_close(
        cut.outputs, net.model(net.x.float()).detach().double(), rtol=1e-5, atol=0
    )
    assert cut.prediction.dtype == cut.outputs.dtype == torch.float64


def test_the_model_is_untouched():
    net, ex = explained("second call")
    before = net.model(net.x)
    ex.surgery(drop=0).flips  # noqa: B018
    assert not any(part._forward_hooks for part in net.model.modules())
    assert net.model(net.x).equal(before)


def test_what_does_not_exist():
    _, ex = explained("mlp")
    with pytest.raises(InvalidInputError, match="component 99 does not exist"):
        ex.surgery(keep=99)


def test_what_names_no_component_is_refused(unchecked_annotations):
    net = zoo.build("mlp")
    explanation = specxai.explain(net.model, net.x, net.layer)
    with pytest.raises(InvalidInputError, match="'a' names no components"):
        explanation.surgery(drop="a")
