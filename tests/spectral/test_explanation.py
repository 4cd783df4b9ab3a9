import math
from itertools import pairwise

import pytest
import torch
from torch import nn

import specxai
import zoo
from reference import dense
from specxai.errors import InvalidInputError, LayerError, TargetError


@pytest.fixture(scope="module", params=zoo.names())
def pair(request):
    """One explanation and the reference to it."""
    net = zoo.build(request.param)
    explanation = specxai.explain(net.model, net.x, net.layer, net.target)
    return explanation, dense(net.model, net.x, net.layer, net.target)


def by_cluster(explanation, values):
    """Sum over clusters: the part of the values that is defined."""
    sums = values.new_zeros(int(explanation.clusters.max()) + 1)
    return sums.index_add(0, explanation.clusters, values)


def test_equation_20_adds_up(pair):
    ex, truth = pair
    y = truth.y[truth.target]
    total = ex.contributions.sum() + ex.bypass + ex.bias
    assert abs(float(total) - y) <= 1e-9 * abs(y)
    assert abs(float(ex.residual)) <= 1e-9 * abs(y)
    assert float(ex.residual) == pytest.approx(float(ex.output - total), abs=1e-15)


def test_equation_20_contributions(pair):
    ex, truth = pair
    expected = by_cluster(ex, torch.tensor(truth.alpha))
    torch.testing.assert_close(by_cluster(ex, ex.contributions), expected, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(ex.contributions, ex.psi * ex.coefficients)


def test_equation_20_psi_and_equation_18_c(pair):
    ex, truth = pair
    alone = ex.clusters.bincount()[ex.clusters] == 1
    for found, expected in ((ex.psi, truth.psi), (ex.coefficients, truth.c)):
        reference = torch.tensor(expected)
        torch.testing.assert_close(found[alone], reference[alone], rtol=1e-7, atol=1e-9)


def test_equation_18_right_vectors(pair):
    ex, truth = pair
    r = ex.rank
    V = ex.right_vectors(range(r)).reshape(r, -1)
    torch.testing.assert_close(V @ V.T, torch.eye(r).double(), rtol=0, atol=1e-10)
    along = V @ ex.x.flatten()
    assert bool((along >= -1e-12).all())
    torch.testing.assert_close(ex.singular_values * along, ex.coefficients, rtol=1e-8, atol=1e-9)
    expected = torch.tensor(truth.V)
    for label in ex.clusters.unique():
        same = ex.clusters == label
        projector = expected[:, same] @ expected[:, same].T
        torch.testing.assert_close(V[same].T @ V[same], projector, rtol=0, atol=1e-8)


def test_equation_17_the_vectors_compose_the_right_factor(pair):
    ex, truth = pair
    r = ex.rank
    U, V = ex.left_vectors(range(r)).flatten(1), ex.right_vectors(range(r)).flatten(1)
    R = U.T @ torch.diag(ex.singular_values) @ V
    torch.testing.assert_close(R, torch.tensor(truth.R), rtol=1e-8, atol=1e-9)


def test_equation_23_heat_maps_sum_to_the_coefficients(pair):
    ex, _ = pair
    chosen = ex.top(3)
    maps = ex.heatmaps(chosen)
    assert maps.shape == (len(chosen), *ex.x.shape[2:])
    total = maps.reshape(len(chosen), -1).sum(1)
    expected = ex.coefficients[chosen] / ex.singular_values[chosen]
    torch.testing.assert_close(total, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", zoo.names())
def test_equation_20_in_single_precision(name):
    net = zoo.build(name)
    ex = specxai.explain(net.model.float(), net.x.float(), net.layer, net.target)
    y = abs(float(ex.output))
    assert abs(float(ex.residual)) <= 1e-4 * y
    total = ex.contributions.sum() + ex.bypass + ex.bias
    assert abs(float(total - ex.output)) <= 1e-4 * y
    assert ex.right_vectors([0]).dtype == torch.float32


def test_all_outputs_of_an_autoencoder():
    """y = Σ c_k U_k + b, with one output-side vector for each component (Figure 8)."""
    torch.manual_seed(0)
    widths = [8, 5, 3, 5, 8]
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
    model = torch.nn.Sequential(*[part for layer in layers for part in (layer, torch.nn.ReLU())])
    model, x = model[:-1].double().eval(), torch.randn(1, 8).double()
    ex, truth = specxai.explain(model, x), dense(model, x, None)
    assert ex.target is None
    assert ex.left_vectors([0]).shape == (1, 8)
    torch.testing.assert_close(ex.singular_values, torch.tensor(truth.sigma))
    torch.testing.assert_close(ex.contributions, torch.tensor(truth.c))
    assert ex.psi.tolist() == [1.0] * ex.rank
    total = ex.coefficients @ ex.left_vectors(range(ex.rank)) + ex.bias
    torch.testing.assert_close(total, torch.tensor(truth.y)[None])
    assert float(ex.residual.abs().max()) <= 1e-9 * float(abs(truth.y).max())
    assert ex.residual.shape == ex.output.shape == (1, 8)


def test_rankings():
    net = zoo.build("norms and dropout")
    ex = specxai.explain(net.model, net.x, net.layer)
    magnitudes = ex.contributions.abs()
    assert ex.top(3).tolist() == magnitudes.topk(3).indices.tolist()
    assert ex.top(2, by="singular_value").tolist() == [0, 1]
    assert ex.top(99, by="reduced").equal(ex.reduce().indices)
    assert len(ex.top(99)) == ex.rank
    assert len(ex.top(0)) == len(ex.top(-1)) == 0


def test_equations_21_and_22_of_a_network():
    net = zoo.build("norms and dropout")
    ex = specxai.explain(net.model, net.x, net.layer)
    reduced = ex.reduce()
    scale = float(ex.contributions.abs().sum())
    assert float(reduced.values.sum()) == pytest.approx(
        math.fsum(ex.contributions.tolist()), abs=1e-12 * scale
    )
    assert len(reduced.indices) < ex.rank


def test_vectors_come_in_the_order_asked_for():
    net = zoo.build("every pool")
    ex = specxai.explain(net.model, net.x, net.layer)
    everything = ex.right_vectors(range(ex.rank))
    mixed = [3, 0, 3, 1]
    torch.testing.assert_close(ex.right_vectors(mixed), everything[mixed])
    torch.testing.assert_close(ex.right_vectors(torch.tensor(mixed)), everything[mixed])
    assert ex.left_vectors(mixed).equal(ex.left_vectors(range(ex.rank))[mixed])


def test_no_vectors():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer)
    assert ex.left_vectors([]).shape == (0, 7)
    assert ex.right_vectors([]).shape == (0, 6)
    assert ex.heatmaps([], dim=None).shape == (0, 6)


@pytest.mark.parametrize("index", [-1, 99])
def test_components_that_do_not_exist(index):
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer)
    for vectors in (ex.right_vectors, ex.left_vectors, ex.heatmaps):
        with pytest.raises(InvalidInputError, match=f"component {index} does not exist"):
            vectors([0, index])


def test_what_cannot_be_explained(unchecked_annotations):
    net = zoo.build("image to image")
    with pytest.raises(TargetError, match="give a target of 3 indices"):
        specxai.explain(net.model, net.x, net.layer)
    with pytest.raises(TargetError, match="out of range"):
        specxai.explain(net.model, net.x, net.layer, (0, 0, 5))
    with pytest.raises(LayerError, match="no layer '9'; closest"):
        specxai.explain(net.model, net.x, "9", net.target)
    with pytest.raises(InvalidInputError, match="method='krylow' is unknown"):
        specxai.explain(net.model, net.x, net.layer, net.target, method="krylow")
    ex = specxai.explain(net.model, net.x, net.layer, net.target)
    with pytest.raises(InvalidInputError, match="by='size' is unknown"):
        ex.top(1, by="size")


def test_what_the_result_says_of_itself():
    net = zoo.build("image to image")
    ex = specxai.explain(net.model, net.x, net.layer, net.target)
    assert (ex.layer, ex.target, ex.model) == ("1", (1, 2, 3), "Sequential")
    assert (ex.method, ex.exactness) == ("exact", "canonical")
    assert repr(ex).splitlines()[0] == "Explanation of Sequential: output (1, 2, 3), at layer 1"


@pytest.mark.parametrize("layer", [None, "3"])
def test_outputs_without_a_second_dimension(layer):
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1), nn.Flatten(0)).eval()
    x = torch.ones(1, 5)
    ex = specxai.explain(model, x, layer)
    assert ex.left_vectors([0]).shape == (1,)
    (phi,) = ex.right_vectors([0])
    assert phi.shape == (5,)
    assert float(phi.norm()) == pytest.approx(1)
    assert float(ex.singular_values[0] * (phi @ x[0])) == pytest.approx(float(ex.coefficients[0]))


def test_a_layer_that_folds_the_batch_into_time():
    class Folding(nn.Module):
        def __init__(self):
            super().__init__()
            self.token, self.head = nn.Linear(3, 2), nn.Linear(8, 2)

        def forward(self, x):
            return self.head(self.token(x.flatten(0, 1)).reshape(len(x), -1))

    ex = specxai.explain(Folding().eval(), torch.randn(1, 4, 3), "token")
    assert ex.left_vectors([0, 1]).shape == (2, 4, 2)
    assert abs(float(ex.residual)) <= 1e-6
