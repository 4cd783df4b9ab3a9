"""An explanation in units of a scale: as of a network that takes x / s, told in units of x."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from reference import dense
from specxai import Exact, Explanation, Krylov, evolve, explain, load, similarity
from specxai.errors import InvalidInputError
from specxai.spectral.svd.low_rank import low_rank_svd

LAYER = "3"
# Pascal, metres, kelvin and the like.
UNITS = torch.tensor([[1e5, 2e-3, 30.0, 1.0, 4e-6, 7e2]], dtype=torch.float64)


class Unscale(nn.Module):
    """Takes inputs in units of a scale, and gives them back their own."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def network(units: Tensor = UNITS) -> nn.Sequential:
    """A network that works with inputs in these units."""
    torch.manual_seed(4)
    net = nn.Sequential(
        nn.Linear(6, 7), nn.GELU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(),
        nn.Linear(4, 3),
    ).double()  # fmt: skip
    with torch.no_grad():
        net[0].weight.div_(units)
    return net.eval()


def points() -> tuple[Tensor, Tensor]:
    torch.manual_seed(8)
    x, x0 = torch.randn(2, 1, 6, dtype=torch.float64) * UNITS
    return x, x0


def unscaled(net: nn.Module, scale: Tensor) -> nn.Sequential:
    return nn.Sequential(OrderedDict(units=Unscale(scale), net=net)).eval()


SCALE = UNITS * torch.tensor([[0.5, 2.0, 1.0, 3.0, 0.7, 1.3]]).double()


@pytest.fixture(scope="module", params=[False, True], ids=["at x", "from a baseline"])
def pair(request: pytest.FixtureRequest) -> tuple[Explanation, Explanation]:
    """One of a network with a scale, and of the same network behind a layer that unscales."""
    net, (x, x0) = network(), points()
    start = x0 if request.param else None
    ex = explain(net, x, LAYER, 1, scale=SCALE, baseline=start)
    again = None if start is None else start / SCALE
    wrapped = explain(unscaled(net, SCALE), x / SCALE, f"net.{LAYER}", 1, baseline=again)
    return ex, wrapped


def close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-10, atol=1e-11)


def test_numbers_are_those_of_the_dense_method() -> None:
    net, (x, _) = network(), points()
    truth = dense(net, x, LAYER, 1)
    U, sigma, Vt = np.linalg.svd(truth.R * SCALE.numpy()[0], full_matrices=False)
    rank = int((sigma > 1e-12 * sigma[0]).sum())
    c = sigma * (Vt @ (x / SCALE).numpy()[0])
    ex = explain(net, x, LAYER, 1, scale=SCALE)
    assert ex.rank == rank
    assert np.allclose(ex.singular_values, sigma[:rank], rtol=1e-11)
    assert np.allclose(ex.contributions, (truth.L @ U * c)[:rank], rtol=1e-9)
    assert np.allclose(ex.coefficients, np.abs(c[:rank]), rtol=1e-9)
    vectors = ex.directions(range(rank)).numpy()
    assert np.allclose(np.abs(vectors), np.abs(Vt[:rank]), atol=1e-9)
    assert np.allclose(ex.right_vectors(range(rank)).numpy() * SCALE.numpy(), vectors)


def test_the_same_as_a_network_that_takes_scaled_inputs(
    pair: tuple[Explanation, Explanation],
) -> None:
    ex, wrapped = pair
    for name in ("singular_values", "contributions", "psi", "coefficients", "output", "linear",
                 "bias", "bypass", "unresolved"):  # fmt: skip
        assert close(getattr(ex, name), getattr(wrapped, name)), name
    k = range(ex.rank)
    assert close(ex.right_vectors(k) * SCALE, wrapped.right_vectors(k))
    assert close(ex.directions(k), wrapped.directions(k))
    assert close(ex.left_vectors(k), wrapped.left_vectors(k))
    for name in ("contribution_maps", "heatmaps"):
        assert close(getattr(ex, name)(k, dim=None), getattr(wrapped, name)(k, dim=None)), name
    assert close(ex.total_map(None), wrapped.total_map(None))
    assert close(ex.layer_maps(k, 1), wrapped.layer_maps(k, 1))
    assert "directions are measured in units of a given scale" in ex.note
    assert "scale" not in wrapped.note


def test_answers_add_up_in_the_units_of_the_input(pair: tuple[Explanation, Explanation]) -> None:
    ex, _ = pair
    total = ex.bias + ex.contributions.sum() + ex.unresolved + ex.bypass
    assert torch.isclose(total, ex.output, rtol=1e-12, atol=1e-12)
    k = range(ex.rank)
    phi, d = ex.right_vectors(k), ex.displacement[0]
    assert close(ex.singular_values * (phi @ d), ex.coefficients)
    assert close(ex.contribution_maps(k, None).sum(1), ex.contributions)
    assert close(ex.contribution_maps(k, None).sum(0), ex.total_map(None))
    slopes = ex.linearization.rows([1])[0]
    assert close((ex.psi * ex.singular_values) @ phi * SCALE[0], slopes * SCALE[0])


def test_the_symbolic_form_has_slopes_per_unit(pair: tuple[Explanation, Explanation]) -> None:
    ex, wrapped = pair
    form, other = (each.symbolic(2, feature_names=list("abcdef")) for each in (ex, wrapped))
    slopes = ex.linearization.rows([1])[0]
    found = form.to_dict()["inputs"]
    assert np.allclose([part["coefficient"] for part in found], slopes)
    shown = [part["shown_coefficient"] for part in found]
    expected = [part["shown_coefficient"] for part in other.to_dict()["inputs"]]
    assert np.allclose(np.array(shown) * SCALE[0].numpy(), expected)
    assert torch.isclose(form.evaluate(ex.x), ex.output)
    value = form.sympy().evalf(subs=dict(zip("abcdef", ex.x[0].tolist(), strict=True)))
    assert float(value) == pytest.approx(float(ex.output))
    assert close(form.positions(), other.positions())


def test_edits_are_those_of_the_wrapped_network(pair: tuple[Explanation, Explanation]) -> None:
    ex, wrapped = pair
    cut, other = ex.surgery(drop=[0]), wrapped.surgery(drop=[0])
    assert close(cut.prediction, other.prediction)
    assert close(cut.answer, other.answer)
    assert close(cut.as_module()(ex.x), cut.outputs)
    curve, expected = ex.causal_curve(), wrapped.causal_curve()
    assert close(curve.predictions, expected.predictions)
    assert close(curve.answers, expected.answers)
    small = ex.collapse(2)
    assert float(small.error) < 1e-12
    inputs = points()[1]
    assert close(small.module(inputs), wrapped.collapse(2).module(inputs / SCALE))
    if ex.baseline is not None:
        assert close(ex.interpolation().answers, wrapped.interpolation().answers)
        assert close(ex.interpolation().predictions, wrapped.interpolation().predictions)
    assert ex.region.distance(ex.x) == pytest.approx(explain(network(), ex.x, LAYER, 1).region
                                                     .distance(ex.x))  # fmt: skip


@pytest.mark.parametrize("dtype", ["native", "float32", "float16"])
def test_a_file_keeps_the_scale(
    pair: tuple[Explanation, Explanation], tmp_path, dtype: str
) -> None:
    ex, _ = pair
    path = tmp_path / "ex.safetensors"
    k = range(ex.rank)
    ex.save(path, k, dtype=dtype)
    back = load(path)
    digits = {"native": 1e-14, "float32": 1e-6, "float16": 2e-3}[dtype]
    assert back.scale.equal(ex.scale)
    assert torch.allclose(back.directions(k), ex.directions(k), atol=digits)
    assert torch.allclose(back.right_vectors(k) * SCALE, ex.right_vectors(k) * SCALE, atol=digits)
    maps = back.contribution_maps(k, None), ex.contribution_maps(k, None)
    assert torch.allclose(*maps, atol=10 * digits)
    assert back.symbolic(2).to_dict()["inputs"][0]["shown_coefficient"] == pytest.approx(
        ex.symbolic(2).to_dict()["inputs"][0]["shown_coefficient"], rel=0.05
    )
    assert abs(ex.file_size(k, dtype=dtype) - path.stat().st_size) < 1000


@pytest.mark.parametrize("by", ["singular_value", "contribution"])
def test_products_find_what_rows_do(by: str) -> None:
    net, (x, x0) = network(), points()
    every = explain(net, x, LAYER, 1, baseline=x0, scale=SCALE, method="exact")
    few = Krylov(n_components=2, by=by, tol=1e-10)
    ex = explain(net, x, LAYER, 1, baseline=x0, scale=SCALE, method=few)
    chosen = every.top(2, by).sort().values
    assert torch.allclose(ex.singular_values, every.singular_values[chosen])
    assert torch.allclose(ex.contributions, every.contributions[chosen])
    assert torch.allclose(ex.directions([0, 1]), every.directions(chosen), atol=1e-8)
    total = ex.bias + ex.contributions.sum() + ex.unresolved
    assert torch.isclose(total, ex.output, rtol=1e-12)


def test_a_bottleneck_and_rows_in_a_file_in_units_of_a_scale(tmp_path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(300, 4), nn.ReLU(), nn.Linear(4, 300)).double().eval()
    x, scale = torch.randn(1, 300).double(), 10 ** torch.randn(1, 300).double()
    ex = explain(net, x, scale=scale)
    truth = dense(net, x, None)
    sigma = np.linalg.svd(truth.u * scale.numpy())[1][: ex.rank]
    assert low_rank_svd(ex.split.right, ex.svd.active, 2**30) is not None
    assert np.allclose(ex.singular_values, sigma, rtol=1e-10)
    wide = nn.Sequential(nn.Linear(300, 20), nn.ReLU(), nn.Linear(20, 2)).double().eval()
    stored = explain(wide, x, "1", 0, scale=scale, memory=400_000, method=Exact(scratch=tmp_path))
    whole = explain(wide, x, "1", 0, scale=scale)
    assert torch.allclose(stored.singular_values, whole.singular_values)
    assert torch.allclose(stored.contributions, whole.contributions)


def test_float32_with_units_far_apart_adds_up() -> None:
    net, (x, x0) = network(), points()
    double = explain(net, x, LAYER, 1, baseline=x0, scale=SCALE)
    single = explain(
        network().float(), x.float(), LAYER, 1, baseline=x0.float(), scale=SCALE.float()
    )
    assert torch.allclose(single.singular_values, double.singular_values, rtol=1e-4)
    assert torch.allclose(single.contributions, double.contributions, rtol=1e-3, atol=1e-5)
    total = single.bias + single.contributions.sum() + single.unresolved
    assert torch.isclose(total, single.output, rtol=1e-5)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(-6, 6), min_size=6, max_size=6))
def test_no_choice_of_units_changes_the_answer(powers: list[int]) -> None:
    """x → a x, s → a s, and a network that takes a x."""
    factors = torch.tensor([[10.0**power for power in powers]], dtype=torch.float64)
    x, x0 = points()
    ex = explain(network(), x, LAYER, 1, baseline=x0, scale=SCALE)
    other = explain(
        network(UNITS * factors), x * factors, LAYER, 1, baseline=x0 * factors,
        scale=SCALE * factors,
    )  # fmt: skip
    assert close(other.singular_values, ex.singular_values)
    assert close(other.contributions, ex.contributions)
    assert close(other.contribution_maps(0, None), ex.contribution_maps(0, None))
    assert close(other.right_vectors(0) * factors * SCALE, ex.right_vectors(0) * SCALE)


def test_an_average_does_not_depend_on_the_units_either() -> None:
    factors = torch.tensor([[1e3, 1.0, 1e-2, 1.0, 10.0, 1.0]], dtype=torch.float64)
    x, x0 = points()
    ex = explain(network(), x, LAYER, 1, baseline=x0, scale=SCALE, average=3)
    other = explain(
        network(UNITS * factors), x * factors, LAYER, 1, baseline=x0 * factors, average=3,
        scale=SCALE * factors,
    )  # fmt: skip
    assert close(other.singular_values, ex.singular_values)
    assert close(other.contributions, ex.contributions)
    assert torch.isclose(ex.bias + ex.contributions.sum() + ex.unresolved, ex.output, rtol=1e-12)
    assert "completed to be exact at x by" in ex.note


def test_layers_are_followed_in_units_of_the_scale() -> None:
    net, (x, x0) = network(), points()
    layers = ["1", LAYER]
    found = evolve(net, x, layers, 1, n=2, baseline=x0, scale=SCALE)
    wrapped = evolve(unscaled(net, SCALE), x / SCALE, [f"net.{each}" for each in layers], 1, n=2,
                     baseline=x0 / SCALE)  # fmt: skip
    for one, other in zip(found.layers, wrapped.layers, strict=True):
        assert close(one.singular_values, other.singular_values)
        assert close(one.contributions, other.contributions)
    (one,), (other,) = found.alignments, wrapped.alignments
    assert one.cosine == pytest.approx(other.cosine)
    assert close(one.angles, other.angles)
    assert close(found.heatmaps(dim=None), wrapped.heatmaps(dim=None))


def test_results_of_one_scale_are_compared_in_it() -> None:
    net, (x, x0) = network(), points()
    several = [explain(net, each, LAYER, 1, scale=SCALE) for each in (x, x0)]
    V = torch.cat([each.directions(0) for each in several])
    assert abs(float(similarity(several).matrix[0, 1])) == pytest.approx(abs(float(V[0] @ V[1])))
    with pytest.raises(InvalidInputError, match="result 1 has another scale="):
        similarity([several[0], explain(net, x0, LAYER, 1)])
    with pytest.raises(InvalidInputError, match="another scale="):
        similarity([several[0], explain(net, x0, LAYER, 1, scale=2 * SCALE)])


def test_all_outputs_together() -> None:
    net, (x, x0) = network(), points()
    ex = explain(net, x, baseline=x0, scale=SCALE)
    wrapped = explain(unscaled(net, SCALE), x / SCALE, baseline=x0 / SCALE)
    assert close(ex.singular_values, wrapped.singular_values)
    assert close(ex.coefficients, wrapped.coefficients)
    assert float(ex.residual.norm()) < 1e-12


def test_a_contrast_takes_a_scale_too() -> None:
    net, (x, x0) = network(), points()
    ex = explain(net, x, LAYER, 1, baseline=x0, scale=SCALE, against="mean")
    assert torch.isclose(ex.contributions.sum() + ex.unresolved, ex.output - ex.bias)
    assert close(ex.contribution_maps(range(ex.rank), None).sum(1), ex.contributions)


def test_trust_is_measured_in_units_of_the_scale(pair: tuple[Explanation, Explanation]) -> None:
    factors = torch.tensor([[1e3, 1.0, 1e-2, 1.0, 10.0, 1.0]], dtype=torch.float64)
    ex, wrapped = pair
    start = None if ex.baseline is None else ex.baseline * factors
    other = explain(
        network(UNITS * factors), ex.x * factors, LAYER, 1, baseline=start, scale=SCALE * factors
    )
    one, two, third = ex.trust(), other.trust(), wrapped.trust()
    assert one.change == pytest.approx(two.change, rel=1e-6)
    assert one.removal.answered == pytest.approx(third.removal.answered)
    assert one.removal.random == pytest.approx(third.removal.random)
    assert one.cancellation == pytest.approx(third.cancellation)
