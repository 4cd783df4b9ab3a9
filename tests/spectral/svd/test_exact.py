import pytest
import torch
from torch import nn

import zoo
from reference import dense
from specxai.affine import Jacobian, linearize
from specxai.errors import LayerError
from specxai.spectral import exact_svd


def decompose(net):
    return exact_svd(linearize(net.model, net.x).right(net.layer))


def with_all_units(svd, m):
    """Return U with a row for every unit of the layer, the inactive ones zero."""
    full = svd.left.new_zeros(m, svd.left.shape[1])
    full[svd.active] = svd.left
    return full


def linear(weight):
    """Return the Jacobian of a matrix, at a point without symmetry."""
    x = torch.linspace(0.3, 1.7, weight.shape[1], dtype=weight.dtype)[None]
    return Jacobian(lambda v: v @ weight.T, x)


@pytest.mark.parametrize("name", zoo.names())
def test_equation_17_singular_values(name):
    net = zoo.build(name)
    truth, svd = dense(net.model, net.x, net.layer, net.target), decompose(net)
    torch.testing.assert_close(svd.singular_values, torch.tensor(truth.sigma))


@pytest.mark.parametrize("name", zoo.names())
def test_equation_17_left_vectors(name):
    """Single vectors where σ stands alone, and the projector on each cluster."""
    net = zoo.build(name)
    truth, svd = dense(net.model, net.x, net.layer, net.target), decompose(net)
    U, expected = with_all_units(svd, truth.R.shape[0]), torch.tensor(truth.U)
    torch.testing.assert_close(U.T @ U, torch.eye(U.shape[1]).double(), rtol=0, atol=1e-12)
    for label in svd.clusters.unique():
        same = svd.clusters == label
        projector = expected[:, same] @ expected[:, same].T
        torch.testing.assert_close(U[:, same] @ U[:, same].T, projector, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", zoo.names())
def test_equation_18_coefficients(name):
    net = zoo.build(name)
    truth, svd = dense(net.model, net.x, net.layer, net.target), decompose(net)
    assert bool((svd.coefficients >= 0).all())
    for label in svd.clusters.unique():
        same = svd.clusters == label
        length = torch.tensor(truth.c)[same].norm()
        torch.testing.assert_close(svd.coefficients[same].norm(), length, rtol=1e-7, atol=1e-10)


def test_equal_singular_values_are_one_cluster():
    assert decompose(zoo.build("repeated values")).clusters.tolist() == [0, 1, 1, 1, 2]


def test_different_singular_values_are_apart():
    svd = decompose(zoo.build("mlp"))
    assert svd.clusters.tolist() == list(range(len(svd.clusters)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [3, 48])
def test_an_orthogonal_layer_is_one_cluster(dtype, size):
    torch.manual_seed(0)
    layers = [nn.utils.parametrizations.orthogonal(nn.Linear(size, size)) for _ in range(3)]
    for layer in layers:
        nn.utils.parametrize.remove_parametrizations(layer, "weight")
        layer.weight.data = torch.linalg.qr(layer.weight.data.double()).Q
    model = nn.Sequential(*layers).to(dtype).eval()
    svd = exact_svd(linearize(model, torch.randn(1, size, dtype=dtype)).right(None))
    assert svd.clusters.tolist() == [0] * size
    torch.testing.assert_close(svd.singular_values, torch.ones(size).double(), rtol=0, atol=1e-6)


def test_an_expansive_layer_has_the_rank_of_its_input():
    svd = decompose(zoo.build("expansive"))
    assert svd.left.shape == (12, 4)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_matrix_of_low_rank(shape, dtype):
    torch.manual_seed(0)
    weight = torch.randn(shape[0], 2).double() @ torch.randn(2, shape[1]).double()
    svd = exact_svd(linear(weight.to(dtype)))
    expected = torch.linalg.svdvals(weight)[:2]
    tolerance = 10 * torch.finfo(dtype).eps
    assert len(svd.singular_values) == 2
    torch.testing.assert_close(svd.singular_values, expected, rtol=tolerance, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_narrow_waist_bounds_the_rank(seed, dtype):
    """Rounding in the layers after the waist must not pass for further components."""
    torch.manual_seed(seed)
    widths = [(300, 4), (4, 300), (300, 300)]
    model = nn.Sequential(*[nn.Linear(*width, bias=False) for width in widths]).to(dtype).eval()
    svd = exact_svd(linearize(model, torch.randn(1, 300, dtype=dtype)).right("2"))
    assert len(svd.singular_values) == 4


@pytest.mark.parametrize("shape", [(8, 8), (12, 8), (8, 12)])
def test_small_singular_values_keep_their_digits(shape):
    torch.manual_seed(0)
    sizes = torch.logspace(0, -12, 8).double()
    left, right = (torch.linalg.qr(torch.randn(n, 8).double()).Q for n in shape)
    svd = exact_svd(linear(left @ torch.diag(sizes) @ right.T))
    torch.testing.assert_close(svd.singular_values, sizes, rtol=0, atol=1e-14)


def test_values_of_any_scale():
    torch.manual_seed(0)
    weight = torch.randn(5, 7).double()
    for scale in (1e-12, 1e12):
        svd = exact_svd(linear(scale * weight))
        torch.testing.assert_close(svd.singular_values, scale * torch.linalg.svdvals(weight))


def test_only_active_units_are_decomposed():
    net = zoo.build("mlp")
    truth = torch.tensor(dense(net.model, net.x, net.layer).R).any(1)
    svd = decompose(net)
    assert svd.active.equal(truth.nonzero()[:, 0])
    assert 0 < len(svd.active) < len(truth)


def test_a_dead_layer():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    model[0].bias.data.fill_(-100)
    with pytest.raises(LayerError, match=r"none of the 4 units .* split at an earlier layer"):
        exact_svd(linearize(model, torch.ones(1, 3)).right("1"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_stage_reports_its_end(dtype):
    torch.manual_seed(0)
    reports = {}
    exact_svd(linear(torch.randn(4, 6, dtype=dtype)), lambda *r: reports.update({r[0]: r[1:]}))
    assert reports["rows"] == (4, 4)
    assert len(reports) > 1
    assert all(done == total for done, total in reports.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rows", [30, 60])
def test_more_rows_than_inputs(rows, dtype):
    """By rows up to twice as many, by columns from there on: the same singular vectors."""
    torch.manual_seed(0)
    weight = torch.randn(rows, 20, dtype=dtype)
    right, stages = linear(weight), set()
    svd = exact_svd(right, lambda *report: stages.add(report[0]))
    assert stages == {"columns" if rows >= 40 else "rows", "singular vectors"}
    products = right.products
    assert (products.pulled, products.pushed) == ((0, 23) if rows >= 40 else (30, 3))
    U, sigma, _ = torch.linalg.svd(weight.double(), full_matrices=False)
    torch.testing.assert_close(svd.singular_values, sigma, rtol=1e-6, atol=0)
    torch.testing.assert_close((U.T @ svd.left).abs(), torch.eye(20).double(), rtol=0, atol=1e-4)
    image = svd.left @ svd.coefficients
    torch.testing.assert_close(image, right.image, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1100, 1200), (1200, 1100)])
def test_long_stages_are_foretold(shape, monkeypatch):
    monkeypatch.setattr("specxai.spectral.svd.foretold._TICK", 0.01)
    reports = []
    torch.manual_seed(0)
    exact_svd(linear(torch.randn(shape)), lambda *report: reports.append(report))
    stage = "eigenvectors" if shape[0] < shape[1] else "singular vectors"
    done = [report[1] for report in reports if report[0] == stage]
    assert len(set(done)) > 3
    assert done == sorted(done)
