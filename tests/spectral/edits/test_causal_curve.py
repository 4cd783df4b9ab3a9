"""The causal curve against one surgery for each of its points."""

import pytest
import torch

import specxai
import zoo
from edited import operate_slowly
from specxai.errors import InvalidInputError
from specxai.spectral.edits.causal_curve import causal_curve

NETS = [
    "activations",
    "residual branch",
    "second call",
    "batch of one",
    "mixes samples late",
    "functional",
]


def explained(name):
    net = zoo.build(name)
    return net, specxai.explain(net.model, net.x, net.layer, net.target)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("order", ["contribution", "singular_value", "random"])
def test_every_point_against_dense(name, order, drop):
    net, ex = explained(name)
    curve = ex.causal_curve(order, n=4, drop=drop)
    assert (curve.counts[0], curve.counts[-1], len(curve.counts)) == (0, ex.rank, 4)
    for point, count in enumerate(curve.counts.tolist()):
        scales = [1.0 if drop else 0.0] * ex.rank
        for k in curve.components[:count]:
            scales[k] = 1 - scales[k]
        expected, outputs, truth = operate_slowly(net.model, net.x, net.layer, net.target, scales)
        assert float(curve.predictions[point]) == pytest.approx(expected, abs=1e-9)
        assert float(curve.answers[point]) == pytest.approx(outputs[truth.target], abs=1e-9)
        assert curve.outputs[point].flatten().tolist() == pytest.approx(outputs.tolist(), abs=1e-9)


def test_orders():
    _, ex = explained("norms and dropout")
    found = {order: ex.causal_curve(order, 2) for order in ("contribution", "singular_value")}
    assert found["singular_value"].components.tolist() == list(range(ex.rank))
    sizes = ex.contributions.abs()[found["contribution"].components]
    assert bool((sizes.diff() <= 0).all())
    seeds = [ex.causal_curve("random", 2, seed).components for seed in (0, 0, 1)]
    assert seeds[0].equal(seeds[1])
    assert not seeds[0].equal(seeds[2])
    assert sorted(seeds[2].tolist()) == list(range(ex.rank))


@pytest.mark.parametrize("n", [2, 3, 5, 99])
def test_points_are_thinned_evenly(n):
    _, ex = explained("norms and dropout")
    counts = ex.causal_curve(n=n).counts
    assert len(counts) == min(n, ex.rank + 1)
    steps = counts.diff()
    assert int(steps.max() - steps.min()) <= 1
    assert int(steps.min()) >= 1


def test_one_batch_says_the_same_as_one_by_one():
    _, ex = explained("residual block")
    curve = ex.causal_curve(n=5)
    for point, count in enumerate(curve.counts.tolist()):
        alone = ex.surgery(drop=curve.components[:count])
        torch.testing.assert_close(curve.outputs[point], alone.outputs[0])


def test_all_outputs():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.LeakyReLU(), torch.nn.Linear(3, 5))
    ex = specxai.explain(model.double().eval(), torch.randn(1, 6).double())
    curve = ex.causal_curve()
    assert curve.answers.shape == curve.predictions.shape == (ex.rank + 1, 5)
    torch.testing.assert_close(curve.answers, curve.predictions)
    torch.testing.assert_close(curve.answers[-1:], ex.bias)


@pytest.mark.usefixtures("unchecked_annotations")
def test_what_is_refused():
    _, ex = explained("mlp")
    with pytest.raises(InvalidInputError, match="order='size' is unknown"):
        causal_curve(ex, "size")
    with pytest.raises(InvalidInputError, match="n=1: a curve needs 2 points"):
        causal_curve(ex, n=1)
