"""Many inputs explained together, against `explain` with all components at each of them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import specxai
import zoo
from specxai.errors import (
    InvalidInputError,
    NetworkNeededError,
    NotEnoughMemoryError,
    TargetError,
)
from specxai.models import LoadedModel

NETS = [name for name in zoo.names() if zoo.build(name).layer is not None]
TERMS = ("output", "linear", "bias", "bypass", "residual")


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.parametrize("baseline", [None, "zero"])
@pytest.mark.parametrize("name", NETS)
def test_results_are_those_of_each_input(name, baseline):
    net = zoo.build(name)
    xs = zoo.several(net)
    many = specxai.explain_many(net.model, xs, net.layer, net.target, baseline=baseline)
    assert len(many) == 3
    for k, one in enumerate(many):
        x, options = xs[k : k + 1], {"baseline": baseline, "method": "exact"}
        ex = specxai.explain(net.model, x, net.layer, net.target, **options)
        assert (one.target, one.cut, one.rank) == (ex.target, ex.cut, ex.rank)
        assert (one.active_count, one.unit_count) == (ex.active_count, ex.unit_count)
        for term in TERMS:
            torch.testing.assert_close(getattr(one, term), getattr(ex, term), rtol=1e-9, atol=1e-11)
        sigma, own = one.singular_values, ex.singular_values
        torch.testing.assert_close(sigma, own, rtol=1e-9, atol=1e-11)
        alone = sigma.clone()  # vectors of equal singular values are any of their space
        alone[1:] -= sigma[:-1]
        if float(alone.abs().min()) > 1e-6 * float(sigma[0]):
            torch.testing.assert_close(one.contributions, ex.contributions, rtol=1e-7, atol=1e-9)
            kept = one.kept
            torch.testing.assert_close(
                one.right_vectors(kept), ex.right_vectors(kept), rtol=1e-6, atol=1e-7
            )
            torch.testing.assert_close(
                one.left_vectors(kept), ex.left_vectors(kept), rtol=1e-6, atol=1e-7
            )


@pytest.fixture(scope="module")
def cnn():
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU()
    return nn.Sequential(*conv, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 3)).eval()


@pytest.mark.parametrize("baseline", [None, "zero"])
def test_pictures_in_float32_of_which_parts_tie_at_the_baseline(cnn, baseline):
    xs = torch.randn(6, 1, 12, 12, generator=torch.Generator().manual_seed(2))
    many = specxai.explain_many(cnn, xs, "5", baseline=baseline)
    assert many.maps.together
    for k in (0, 5):
        ex = specxai.explain(cnn, xs[k : k + 1], "5", baseline=baseline, method="exact")
        torch.testing.assert_close(many[k].contributions, ex.contributions, rtol=1e-4, atol=1e-5)
        maps = many[k].contribution_maps([0], blur=1.0)
        torch.testing.assert_close(maps, ex.contribution_maps([0], blur=1.0), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def table():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2)).double().eval()
    xs = torch.randn(9, 4, generator=torch.Generator().manual_seed(3)).double()
    names = ["length", "mass", "speed", "angle"]
    start = xs.mean(0, keepdim=True)
    return net, xs, specxai.explain_many(net, xs, "1", 1, baseline=start, feature_names=names)


def test_a_frame_and_groups_of_named_inputs(table):
    net, xs, many = table
    frame = many.to_frame()
    assert frame.shape == (9, 12)
    added = frame[["length", "mass", "speed", "angle"]].sum(axis=1)
    change = net(xs)[:, 1] - net(xs.mean(0, keepdim=True))[:, 1]
    assert abs(added.to_numpy() - change.detach().numpy()).max() < 1e-12
    assert list(frame.columns[:3]) == ["target", "target_name", "output"]
    labels = ["a", "b", "a", "b", "b", "a", "a", "b", "b"]
    groups, outputs = many.groups(labels), net(xs).detach()[:, 1]
    rows = [k for k, label in enumerate(labels) if label == "b"]
    assert groups["b"].count == 5
    assert groups["b"].output[0] == pytest.approx(float(outputs[rows].mean()))
    parts = many.maps.attributions[rows]
    torch.testing.assert_close(groups["b"].mean, parts.mean(0))
    torch.testing.assert_close(groups["b"].deviation, parts.std(0, correction=0))
    with pytest.raises(InvalidInputError, match="8 labels for 9 inputs"):
        many.groups(labels[:8])


def test_a_result_of_many_is_one_without_its_network(table):
    net, _, many = table
    one = many[-1]
    assert one.features.names[2] == "speed"
    assert one.is_of(net)
    assert one.plot() is not None
    assert len(many[2:5]) == 3
    assert "9 inputs, at layer 1" in repr(many)
    with pytest.raises(NetworkNeededError):
        one.trust  # noqa: B018
    with pytest.raises(IndexError):
        many[9]


def test_batches_of_unlike_ranks_are_put_together(cnn, monkeypatch):
    from specxai.spectral import many as home

    xs = torch.randn(5, 1, 12, 12, generator=torch.Generator().manual_seed(4))
    whole = specxai.explain_many(cnn, xs, "5", vectors=3)
    monkeypatch.setattr(home, "_BATCH_BYTES", 1)
    single = specxai.explain_many(cnn, xs, "5", vectors=3)
    assert single.maps.together  # one at a time, but not because samples disturb each other
    for one, other in zip(whole, single, strict=True):
        torch.testing.assert_close(one.contributions, other.contributions, rtol=1e-4, atol=1e-5)
        assert one.kept.tolist() == other.kept.tolist()


def test_a_layer_that_is_too_large_is_refused(cnn, monkeypatch):
    from specxai.spectral import many as home

    monkeypatch.setattr(home, "_MOST", 10)
    with pytest.raises(NotEnoughMemoryError, match="choose a later layer"):
        specxai.explain_many(cnn, torch.randn(2, 1, 12, 12), "1")


def test_directions_in_units_of_a_scale_and_its_mean_as_the_baseline(table):
    net, xs, _ = table
    scale = xs.mean(0), torch.tensor([1e-3, 1.0, 1e3, 2.0]).double()
    many = specxai.explain_many(net, xs, "1", 1, baseline="mean", scale=scale)
    for k in (0, 8):
        ex = specxai.explain(
            net, xs[k : k + 1], "1", 1, baseline="mean", scale=scale, method="exact"
        )
        torch.testing.assert_close(many[k].singular_values, ex.singular_values)
        torch.testing.assert_close(many[k].contributions, ex.contributions)
        kept = many[k].kept
        torch.testing.assert_close(many[k].right_vectors(kept), ex.right_vectors(kept))
        torch.testing.assert_close(many[k].directions(kept), ex.directions(kept))
    with pytest.raises(InvalidInputError, match="another one for each input"):
        specxai.explain_many(net, xs, "1", 1, baseline="mean")


def test_what_explain_refuses_is_refused_of_many_too(table):
    net, xs, _ = table
    scaler = SimpleNamespace(scale_=np.ones(4), feature_names_in_=np.array(list("dcba")))
    with pytest.raises(InvalidInputError, match="fit it on these columns"):
        specxai.explain_many(net, xs, "1", 1, scale=scaler, feature_names=list("abcd"))
    outputs = LoadedModel("net", net, classes=("force", "stress"), exclusive=False)
    with pytest.raises(TargetError, match="say which one to explain"):
        specxai.explain_many(outputs, xs, "1")
    assert specxai.explain_many(outputs, xs, "1", 0)[0].target_name == "force"


def test_an_input_that_is_followed_by_autograd_and_progress_one_by_one(table):
    net, xs, many = table
    followed = specxai.explain_many(
        net, xs.clone().requires_grad_(), "1", 1, baseline=xs.mean(0, keepdim=True), scale=1.0
    )
    torch.testing.assert_close(followed.maps.output, many.maps.output)
    mixing, seen = zoo.build("mixes samples late"), []
    specxai.explain_many(
        mixing.model,
        zoo.several(mixing),
        mixing.layer,
        mixing.target,
        progress=lambda stage, done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
