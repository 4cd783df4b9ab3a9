import pytest
import torch

import zoo
from reference import dense
from specxai.affine import linearize
from specxai.affine.products import pullback

SAMPLES_APART = [name for name in zoo.names() if not name.startswith(("mixes", "batch of one"))]


def setting(name):
    """Return the layer's function, the input, random cotangents and their true gradients."""
    net = zoo.build(name)
    R = linearize(net.model, net.x).right(net.layer)
    W = torch.randn(4, R.shape[0], generator=torch.Generator().manual_seed(0)).double()
    truth = W @ torch.tensor(dense(net.model, net.x, net.layer).R)
    return R.function, net.x, W, truth.reshape(4, *net.x.shape[1:])


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize("pull", [pullback.vectorized, pullback.looped])
def test_one_run_pulls_any_number_back(name, pull):
    function, x, W, truth = setting(name)
    closure = pull(function, x)
    torch.testing.assert_close(closure(W), truth)
    torch.testing.assert_close(closure(W[1:2]), truth[1:2])  # the graph is still there


@pytest.mark.parametrize("name", SAMPLES_APART)
@pytest.mark.parametrize("copies", [4, 6])
def test_copies_in_each_layout(name, copies):
    function, x, W, truth = setting(name)
    usable = [m for m in pullback.layouts(x) if not pullback.mixes_samples(function, x, m)]
    assert torch.contiguous_format in usable
    for layout in usable:
        pull = pullback.replicated(function, x, copies, layout)
        torch.testing.assert_close(pull(W), truth)
        torch.testing.assert_close(pull(W[:1]), truth[:1])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 3), [torch.contiguous_format]),
        ((1, 3, 4, 5), [torch.channels_last, torch.contiguous_format]),
        ((1, 3, 4, 5, 6), [torch.channels_last_3d, torch.contiguous_format]),
    ],
)
def test_layouts_to_try(shape, expected):
    assert pullback.layouts(torch.zeros(shape)) == expected


def test_a_function_of_one_sample_is_not_said_to_mix():
    x = torch.ones(1, 4).double()
    assert not pullback.mixes_samples(lambda v: 3 * v, x, torch.contiguous_format)


@pytest.mark.parametrize(
    "function",
    [
        lambda v: v - v.mean(0) / 2,
        lambda v: v.flip(0),
        lambda v: v.cumsum(0),
        lambda v: v + 1e-6 * v.sum(0, keepdim=True),
        lambda v: v.view(1, -1),
    ],
    ids=["mean", "flip", "cumsum", "slight", "batch size"],
)
def test_every_mixing_is_found(function):
    x = torch.arange(1.0, 5.0)[None].double()
    assert pullback.mixes_samples(function, x, torch.contiguous_format)
