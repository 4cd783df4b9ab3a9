"""The symbolic form against dense float64 sums of numpy, on tables, sequences, images, points."""

import json
import re
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import specxai
import zoo
from reference import dense, reduce_slowly
from specxai.errors import (
    InvalidInputError,
    OutsideRegionError,
    OutsideRegionWarning,
    TargetError,
)
from specxai.spectral.symbolic.assembly import symbolic


class Points(nn.Module):
    """A shared layer for each of P points (1, P, 3), the maximum over them, and two layers."""

    def __init__(self):
        super().__init__()
        self.point, self.mix, self.head = nn.Linear(3, 6), nn.Linear(6, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.mix(self.point(x).relu().amax(1)).relu())


def points():
    torch.manual_seed(0)
    return zoo.Net(Points().double().eval(), torch.randn(1, 9, 3).double(), "mix", True, 1)


# Nets with distinct σ, so that each single component is defined.
NETS = {
    "table": (lambda: zoo.build("mlp"), None),
    "sequence": (lambda: zoo.build("convolutions 1d"), 1),
    "image": (lambda: zoo.build("max pool"), 1),
    "residual branch": (lambda: zoo.build("residual branch"), 1),
    "volume": (lambda: zoo.build("convolutions 3d"), 1),
    "points": (points, 2),
    "whole network": (lambda: zoo.build("functional"), 1),
}


@pytest.fixture(scope="module", params=NETS)
def case(request):
    """One explanation, the dense reference to it, its network, and the dimension to contract."""
    builder, dim = NETS[request.param]
    net = builder()
    ex = specxai.explain(net.model, net.x, net.layer, net.target)
    return ex, dense(net.model, net.x, net.layer, net.target), net, dim


def contracted(values, x, dim):
    """Values of the flattened input, summed over a dimension of x (23)."""
    shaped = values.reshape(tuple(x.shape[1:]))
    return shaped if dim is None else shaped.sum(dim - 1)


def test_equations_25_and_26_each_position(case):
    ex, truth, net, dim = case
    found = ex.symbolic(3, dim=1 if dim is None else dim)  # a table keeps its dimension
    point = net.x.numpy().ravel()
    shown = np.argsort(-abs(truth.alpha))[:3]
    values = sum(truth.psi[k] * truth.sigma[k] * truth.V[:, k] * point for k in shown)
    apart = contracted(values, net.x, dim)
    np.testing.assert_allclose(found.positions(spread=False), apart, rtol=1e-7, atol=1e-10)
    j = truth.target
    constant = truth.alpha.sum() - truth.alpha[shown].sum() + truth.bypass + truth.b[j]
    np.testing.assert_allclose(
        found.positions(), apart + constant / apart.size, rtol=1e-7, atol=1e-10
    )
    assert float(found.positions().sum()) == pytest.approx(truth.y[j], rel=1e-9)
    assert abs(float(found.residual)) <= 1e-9 * abs(truth.y[j])


def test_the_quotient_of_equation_26_is_never_needed():
    """With φ_k·x = 0 the paper's ĉ is 0 / 0; the term's map is finite and sums to zero."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1)).double().eval()
    model[0].weight.data = torch.diag(torch.tensor([2.0, 1.0])).double()
    found = specxai.explain(model, torch.tensor([[1.0, 0.0]]).double(), "0", 0).symbolic(None)
    assert bool(found.positions().isfinite().all())
    assert 0.0 in found.contributions.tolist()


def test_terms_and_constants_add_up_for_every_number_of_terms(case):
    ex, truth, _, _ = case
    y = truth.y[truth.target]
    for n in (0, 1, 2, ex.rank, None):
        for reduced in (False, True):
            found = ex.symbolic(n, reduced=reduced, dim=None)
            total = found.contributions.sum() + sum(found.constants.values())
            assert float(total) == pytest.approx(y, rel=1e-9)
            assert float(found.positions().sum()) == pytest.approx(y, rel=1e-9)
            terms = found.dropped + len(found.indices)
            assert terms == (len(ex.reduce().indices) if reduced else ex.rank)
    assert found.dropped == 0
    assert float(found.remainder) == 0


def test_the_remainder_is_the_sum_of_what_is_dropped(case):
    ex, truth, _, _ = case
    dropped = sorted(truth.alpha, key=abs)[:-2]
    found = ex.symbolic(2, dim=None)
    assert float(found.remainder) == pytest.approx(sum(dropped), rel=1e-7, abs=1e-10)
    assert f"remainder of {len(dropped)} terms" in found.markdown()


def test_the_reduced_form_is_equation_21_with_one_sign(case):
    ex, truth, net, dim = case
    expected, _ = reduce_slowly(truth.alpha.tolist())
    found = ex.symbolic(None, reduced=True, dim=dim)
    values = dict(zip(found.indices.tolist(), found.contributions.tolist(), strict=True))
    assert values == pytest.approx(expected, rel=1e-6, abs=1e-10)
    point = net.x.numpy().ravel()
    # Here the quotient is harmless: no c_k of these nets is near zero.
    maps = sum(a * truth.V[:, k] * point / (truth.V[:, k] @ point) for k, a in expected.items())
    np.testing.assert_allclose(
        found.positions(spread=False), contracted(maps, net.x, dim), rtol=1e-5, atol=1e-9
    )


def test_coefficients_of_the_inputs(case):
    ex, truth, net, _ = case
    names = {np.unravel_index(i, net.x.shape[1:]): f"v{i}" for i in range(net.x.numel())}
    names = {tuple(map(int, place)): name for place, name in names.items()}
    found = ex.symbolic(2, dim=None, feature_names=names).to_dict()["inputs"]
    shown = np.argsort(-abs(truth.alpha))[:2]
    coefficients = sum(truth.psi[k] * truth.sigma[k] * truth.V[:, k] for k in shown)
    np.testing.assert_allclose(
        [part["shown_coefficient"] for part in found], coefficients, rtol=1e-7, atol=1e-10
    )
    slopes, point = truth.u[truth.target], net.x.numpy().ravel()
    known = {"coefficient": slopes, "contribution": slopes * point}
    known["shown_contribution"] = coefficients * point
    for name, values in known.items():
        np.testing.assert_allclose([part[name] for part in found], values, rtol=1e-7, atol=1e-10)


def test_a_coefficient_is_the_slope_of_the_output_however_few_terms_are_shown():
    """Against a difference quotient of the network itself, inside the region."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 1)).double().eval()
    x = torch.randn(1, 12).double()
    ex = specxai.explain(model, x, "1", 0)
    steps = torch.eye(12).double() * 1e-6
    slopes = ((model(x + steps) - model(x - steps)) / 2e-6)[:, 0].detach()
    partial = []
    for n in (0, 1, None):
        read = json.loads(json.dumps(ex.symbolic(n).to_dict()))
        found = [part["coefficient"] for part in read["inputs"]]
        np.testing.assert_allclose(found, slopes, rtol=1e-6)
        assert sum(part["contribution"] for part in read["inputs"]) == pytest.approx(read["linear"])
        assert read["linear"] + read["bias"] == pytest.approx(read["output"])
        partial.append([part["shown_coefficient"] for part in read["inputs"]])
    assert partial[0] == [0.0] * 12
    assert any(part * slope < 0 for part, slope in zip(partial[1], slopes, strict=True))
    np.testing.assert_allclose(partial[2], slopes, rtol=1e-6)  # all terms are shown: they agree


def test_inside_the_region_the_expression_is_the_network(case):
    ex, truth, net, _ = case
    step = torch.randn(net.x.shape, generator=torch.Generator().manual_seed(3)).double()
    nearby = net.x + 0.5 * min(ex.region.distance(step), 1.0) * step / step.norm()
    real = net.model(nearby.clone()).flatten()[truth.target]
    for n in (0, 2, None):
        for reduced in (False, True):
            found = ex.symbolic(n, reduced=reduced, dim=None)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                value = found.evaluate(nearby, strict=True)
            torch.testing.assert_close(value, real.detach(), rtol=1e-9, atol=1e-10)


def test_outside_the_region_it_warns_or_refuses():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer)
    found, truth = ex.symbolic(2), dense(net.model, net.x, net.layer)
    beyond = net.x - 2 * ex.region.distance(-net.x) * net.x / net.x.norm()
    assert not ex.region.contains(beyond)
    with pytest.warns(OutsideRegionWarning, match="outside the linear region"):
        value = found.evaluate(beyond)
    expected = truth.u[truth.target] @ beyond.numpy().ravel() + truth.b[truth.target]
    assert float(value) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(OutsideRegionError, match="outside the linear region"):
        found.evaluate(beyond, strict=True)


def test_a_convention_holds_at_its_own_input_only():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 1)).double().eval()
    x = torch.randn(1, 4).double()
    found, y = specxai.explain(model, x, "1", 0).symbolic(), model(x).item()
    assert float(found.evaluate(x, strict=True)) == pytest.approx(y, rel=1e-9)
    with pytest.raises(OutsideRegionError, match="convention: tangent"):
        found.evaluate(x * 1.001, strict=True)
    assert "holds at x alone" in found.markdown()


def test_without_the_network_the_rest_is_constant_and_nothing_is_certified():
    net = zoo.build("residual branch")
    ex, truth = (specxai.explain(net.model, net.x, net.layer), dense(net.model, net.x, net.layer))
    found = symbolic(ex, None, 2)
    assert found.region is found.certificate is found.gradient is None
    assert float(found.evaluate(net.x, strict=True)) == pytest.approx(truth.y[truth.target])
    other = net.x + 0.1
    with pytest.warns(OutsideRegionWarning, match="without the network"):
        value = found.evaluate(other)
    shown, point = np.argsort(-abs(truth.alpha))[:2], other.numpy().ravel()
    terms = sum(truth.psi[k] * truth.sigma[k] * (truth.V[:, k] @ point) for k in shown)
    constants = truth.y[truth.target] - truth.alpha[shown].sum()
    assert float(value) == pytest.approx(terms + constants, rel=1e-9)
    assert "network is not at hand" in found.markdown()
    assert found.to_dict()["certificate"] is None


def test_without_the_network_a_partial_slope_is_not_called_the_slope():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).double().eval()
    found = symbolic(specxai.explain(model, torch.randn(1, 3).double(), "1", 0), None, 1)
    text = found.markdown()
    assert "| coefficient in shown terms |" in text
    assert "| coefficient ∂y/∂input |" not in text
    assert "not known without the network" in text
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert read["linear"] is None
    assert {part["coefficient"] for part in read["inputs"]} == {None}
    total = sum(part["shown_contribution"] for part in read["inputs"])
    assert total == pytest.approx(float(found.contributions.sum()))


def test_what_krylov_does_not_resolve_stays_visible():
    net = zoo.build("every pool")
    ex = specxai.explain(net.model, net.x, net.layer, method=specxai.Krylov(2, products=4))
    assert float(ex.unresolved) != 0
    found = ex.symbolic(1)
    assert "not resolved" in found.constants
    total = found.contributions.sum() + sum(found.constants.values())
    assert float(total) == pytest.approx(float(ex.output), rel=1e-9)


def test_the_certificate_is_carried():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer)
    found = ex.symbolic()
    distance = ex.region.distance(net.x)
    assert found.certificate.distances["+x"] == pytest.approx(distance)
    assert {"+u", "-u", "-x"} < set(found.certificate.distances)
    assert f"{distance:.2g} along +x" in found.markdown()
    assert found.exactness == "canonical"
    assert found.precision == "float64"


def test_equal_singular_values_are_marked():
    net = zoo.build("repeated values")
    found = specxai.explain(net.model, net.x, net.layer).symbolic(None)
    assert sorted(found.unique.tolist()) == [False] * 3 + [True] * 2
    assert "only the sum over them is defined" in found.markdown()


def test_a_table_of_named_inputs_reads_well():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).double().eval()
    x = torch.tensor([[0.5, -1.0, 2.0]]).double()
    ex = specxai.explain(model, x, "1", 0)
    found = ex.symbolic(1, feature_names=["span", "a|b", "mass"], units={"mass": "kg"})
    text = found.markdown()
    number = r"[-+][\d.e-]+"
    row = rf"\| mass \| 2 kg \| {number} per kg \| {number} \| {number} per kg \| {number} \|"
    assert re.search(row, text)
    assert r"| a\|b | -1 |" in text
    rows = [line for line in text.splitlines() if re.match(r"\| (span|a\\\|b|mass) \|", line)]
    for column, total in ((-2, found.contributions.sum()), (-4, ex.linear)):
        assert sum(float(row.split("|")[column]) for row in rows) == pytest.approx(
            float(total), rel=1e-4
        )
    some = ex.symbolic(1, feature_names={2: "mass"}).markdown()
    sums = [
        [float(cell.strip(" *")) for cell in line.split("|")[4:7:2]]
        for line in some.splitlines()
        if re.match(r"\| (mass|2 others|\*\*all inputs\*\*) \|", line)
    ]
    np.testing.assert_allclose(np.add(sums[0], sums[1]), sums[2], rtol=1e-4)


def test_an_unnamed_image_lists_no_values():
    net = zoo.build("max pool")
    text = specxai.explain(net.model, net.x, net.layer).symbolic(2).markdown()
    assert "128 values, none of them named; 64 positions" in text


def test_plain_numbers_are_json(case):
    ex, _, _, _ = case
    found = ex.symbolic(2, dim=None)
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert read["output"] == float(ex.output)
    terms = [part["contribution"] for part in read["terms"]]
    rest = read["remainder"] + read["unresolved"] + read["bypass"] + read["bias"]
    assert sum(terms) + rest == pytest.approx(read["output"], rel=1e-9)
    assert [part["component"] for part in read["terms"]] == ex.top(2).tolist()


@given(seed=st.integers(0, 10**6), n=st.integers(0, 6), reduced=st.booleans())
@settings(max_examples=25, deadline=None)
def test_equation_25_adds_up_on_any_net(seed, n, reduced):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1)).double().eval()
    x = torch.randn(1, 4).double()
    found = specxai.explain(model, x, "1", 0).symbolic(n, reduced=reduced)
    y = model(x).item()
    scale = abs(y) + float(found.contributions.abs().sum()) + abs(float(found.bias))
    assert float(found.positions().sum()) == pytest.approx(y, abs=1e-12 * scale)
    total = float(found.contributions.sum() + found.rest + found.bias)
    assert total == pytest.approx(y, abs=1e-12 * scale)


def test_wrong_arguments():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer)
    with pytest.raises(InvalidInputError, match="n=-1"):
        ex.symbolic(-1)
    with pytest.raises(InvalidInputError, match="dim=2"):
        ex.symbolic(dim=2)
    with pytest.raises(InvalidInputError, match=r"shape \(1, 7\)"):
        ex.symbolic().evaluate(torch.ones(1, 7).double())
    everything = specxai.explain(net.model, net.x)
    with pytest.raises(TargetError, match="with a target"):
        everything.symbolic()
    with pytest.raises(TargetError, match="with a target"):
        everything.strategies()
