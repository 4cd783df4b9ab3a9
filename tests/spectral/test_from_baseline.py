"""An explanation from a baseline against the method written down densely; what follows of it."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from specxai import Explanation, Krylov, evolve, explain, linearize, load
from specxai.errors import InvalidInputError, TargetError, UnsupportedOperationError

LAYER = "3"


def network() -> nn.Sequential:
    torch.manual_seed(4)
    net = nn.Sequential(
        nn.Linear(6, 7), nn.GELU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(),
        nn.Linear(4, 3),
    )  # fmt: skip
    return net.double().eval()


def points() -> tuple[Tensor, Tensor]:
    torch.manual_seed(8)
    x, x0 = torch.randn(2, 1, 6, dtype=torch.float64)
    return x, x0


def dense(net: nn.Sequential, x: Tensor, x0: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """R up to the layer and L behind it: products of weights and slopes through both points."""
    factors, cut = [np.eye(x.numel())], 0
    z, z0 = x, x0
    for number, part in enumerate(net):
        f, f0 = part(z), part(z0)
        if isinstance(part, nn.Linear):
            factors.append(part.weight.detach().numpy())
        else:
            factors.append(np.diag(((f - f0) / (z - z0)).detach().numpy()[0]))
        z, z0 = f, f0
        cut = len(factors) if str(number) == LAYER else cut
    R, L = np.eye(x.numel()), np.eye(3)
    for factor in factors[:cut]:
        R = factor @ R
    for factor in reversed(factors[cut:]):
        L = L @ factor
    return R, L


@pytest.fixture(scope="module")
def ex() -> Explanation:
    x, x0 = points()
    return explain(network(), x, LAYER, 1, baseline=x0)


def test_all_numbers_are_those_of_the_dense_method(ex: Explanation) -> None:
    net, (x, x0) = network(), points()
    R, L = dense(net, x, x0)
    d = (x - x0).numpy()[0]
    U, sigma, Vt = np.linalg.svd(R)
    rank = int((sigma > 1e-12).sum())
    assert ex.rank == rank
    assert np.allclose(ex.singular_values, sigma[:rank])
    c = sigma[:rank] * (Vt[:rank] @ d)
    psi = L[1] @ U[:, :rank]
    assert np.allclose(ex.contributions, psi * c)
    assert np.allclose(ex.coefficients, np.abs(c))
    assert np.allclose(np.abs(ex.right_vectors(range(rank)).numpy()), np.abs(Vt[:rank]), atol=1e-9)
    assert torch.equal(ex.bias, net(x0)[0, 1].detach())
    assert torch.equal(ex.output, net(x)[0, 1].detach())
    assert abs(float(ex.residual)) < 1e-14
    assert float(ex.bypass) == 0


def test_the_terms_add_up_from_the_baseline_s_output(ex: Explanation) -> None:
    assert torch.isclose(ex.bias + ex.contributions.sum() + ex.unresolved, ex.output, rtol=1e-13)
    assert torch.isclose(ex.linear, ex.output - ex.bias, rtol=1e-13)


def test_maps_sum_to_what_they_are_of(ex: Explanation) -> None:
    k = range(ex.rank)
    assert torch.allclose(ex.contribution_maps(k, 1), ex.contributions)
    assert torch.equal(ex.contribution_maps(k), ex.contribution_maps(k, None))  # of a vector
    assert torch.allclose(ex.contribution_maps(k, None, blur=2.0).sum(1), ex.contributions)
    assert torch.isclose(ex.total_map(None, blur=0.7).sum(), ex.linear)
    assert torch.allclose(ex.contribution_maps(k, None).sum(0), ex.total_map(None), atol=1e-14)


def test_maps_of_pictures_keep_their_sums_after_the_blur_and_on_the_layer_s_grid() -> None:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 36, 2))
    x = torch.randn(1, 2, 8, 8).double()
    ex = explain(net.double().eval(), x, "1", 0, baseline="blur")
    k = [0, 3, 1]
    for maps in (
        ex.contribution_maps(k),
        ex.contribution_maps(k, blur=1.5),
        ex.layer_maps(k),
    ):
        assert torch.allclose(maps.sum((1, 2)), ex.contributions[k])
    assert ex.contribution_maps(k).shape == (3, 8, 8)
    assert ex.layer_maps(k).shape == (3, 6, 6)
    left = ex.left_vectors(k) * ex.coefficients[k].reshape(-1, 1, 1, 1)
    weights = ex.split.left.reshape(3, 6, 6)
    assert torch.allclose(ex.layer_maps(k), (left * weights).sum(1))
    smooth, sharp = ex.total_map(blur=2.0), ex.total_map()
    assert torch.isclose(smooth.sum(), sharp.sum())
    assert smooth.var() < sharp.var()


def test_maps_of_tokens_are_over_the_positions_that_have_names() -> None:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Flatten(), nn.Linear(12, 2)).double().eval()
    ex = explain(net, torch.randn(1, 3, 5).double(), "1", 0, baseline="zero")
    assert ex.total_map().shape == (5,)  # (1, C, L)
    named = ex.with_features(["the", "cat", "sat"], names_dim=1)
    assert named.total_map().shape == (3,)
    assert named.contribution_maps([0, 1]).shape == named.layer_maps([0, 1]).shape == (2, 3)
    assert torch.allclose(named.layer_maps([0, 1]).sum(1), ex.contributions[:2])
    assert named.layer_maps([0], dim=None).shape == (1, 3, 4)
    cloud = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Flatten(), nn.Linear(28, 2)).double()
    points = explain(cloud.eval(), torch.randn(1, 7, 3).double(), "1", 0, baseline="zero")
    assert points.total_map().shape == (7,)


@pytest.mark.parametrize("blur", [-1.0, float("nan"), float("inf")])
def test_a_blur_that_is_none_is_refused(ex: Explanation, blur: float) -> None:
    with pytest.raises(InvalidInputError, match="standard deviation"):
        ex.contribution_maps(0, blur=blur)


def test_krylov_holds_all_of_it_at_every_truncation() -> None:
    x, x0 = points()
    few = Krylov(n_components=2, by="contribution", products=2)
    ex = explain(network(), x, LAYER, 1, baseline=x0, method=few)
    total = ex.bias + ex.contributions.sum() + ex.unresolved
    assert torch.isclose(total, ex.output, rtol=1e-12)


def test_around_a_layer_there_is_a_bypass() -> None:
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.inside = nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            return self.inside(x).tanh() + x.sin()

    x, x0 = points()
    ex = explain(Around().double().eval(), x, "inside", 2, baseline=x0)
    expected = (x.sin() - x0.sin())[0, 2]
    assert not ex.cut
    assert torch.isclose(ex.bypass, expected, rtol=1e-12)
    total = ex.contributions.sum() + ex.unresolved + ex.bypass + ex.bias
    assert torch.isclose(total, ex.output, rtol=1e-12)


def test_all_outputs_together() -> None:
    net, (x, x0) = network(), points()
    ex = explain(net, x, baseline=x0)
    assert torch.allclose(ex.bias, net(x0).detach())
    assert torch.allclose(ex.linear, (net(x) - net(x0)).detach())
    assert float(ex.residual.norm()) < 1e-13
    with pytest.raises(TargetError):
        ex.total_map()


def test_surgery_asks_the_real_network_and_the_curve_ends_at_the_baseline(ex: Explanation) -> None:
    net, (x, x0) = network(), points()
    cut = ex.surgery(drop=[0])
    change = ex.left_vectors(0)[0] * ex.coefficients[0]
    assert torch.allclose(cut.outputs, net[4:](net[:4](x) - change).detach())
    assert not torch.isclose(cut.answer, cut.prediction, rtol=1e-9)  # a tanh follows
    curve = ex.causal_curve()
    assert torch.isclose(curve.answers[-1], net(x0)[0, 1])
    assert torch.isclose(curve.predictions[-1], ex.bias)
    assert torch.isclose(curve.answers[0], ex.output)
    assert curve.controls is not None
    assert torch.isclose(curve.controls[0], ex.output)
    assert explain(net, x, LAYER, 1).causal_curve().controls is None


def test_the_control_is_as_long_as_the_edit(ex: Explanation) -> None:
    net, (x, _) = network(), points()
    z = net[:4](x)
    curve = ex.causal_curve(n=3)
    active = ex.svd.active
    direction = torch.randn(len(active), generator=torch.Generator().manual_seed(0)).double()
    direction = torch.randn(
        len(active), generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    turned = torch.zeros_like(z)
    turned[0, active] = ex.coefficients.norm() * direction / direction.norm()
    assert torch.isclose(curve.controls[-1], net[4:](z + turned)[0, 1])


def test_the_region_is_that_of_the_map_at_x(ex: Explanation) -> None:
    x, _ = points()
    plain = explain(network(), x, LAYER, 1)
    v = torch.ones_like(x)
    assert ex.region.distance(v) == plain.region.distance(v)
    assert ex.pointwise_linear == pytest.approx(float(plain.linear))
    assert plain.pointwise_linear is None


def test_the_ledger_of_the_baseline_s_output_closes(ex: Explanation) -> None:
    ledger = ex.ledger()
    assert torch.isclose(ledger.bias, ex.bias)
    assert abs(float(ledger.remainder)) < 1e-14
    assert ledger.entries[0].address == "baseline"
    _, x0 = points()
    u = ex.linearization.rows([1])[0]
    assert torch.isclose(ledger.entries[0].contribution, (u * x0[0]).sum())
    whole = linearize(network(), points()[0], baseline=x0).ledger()
    assert float(whole.remainder.norm()) < 1e-13


def test_a_collapsed_module_is_exact_at_x(ex: Explanation) -> None:
    small = ex.collapse(2)
    assert float(small.error) < 1e-12


def test_the_symbolic_form_is_written_from_the_baseline(ex: Explanation) -> None:
    x, x0 = points()
    form = ex.symbolic(3, feature_names=list("abcdef"), units=["m"] * 6)
    assert torch.isclose(form.evaluate(x), ex.output)
    assert torch.isclose(form.evaluate(x0), ex.bias)
    assert "σ φ·(x − x₀)" in form.markdown()
    assert "(value − baseline)" in form.markdown()
    assert f"{float(x[0, 0]):.5g} from {float(x0[0, 0]):.5g} m" in form.markdown()
    assert rf"\mathrm{{a}} {'-' if x0[0, 0] >= 0 else '+'}" in form.latex()
    assert "$y_0$" in form.latex()
    assert r"(x - x_0)" in ex.symbolic(2, feature_names={}).latex()
    value = form.sympy().evalf(subs=dict(zip("abcdef", x[0].tolist(), strict=True)))
    assert float(value) == pytest.approx(float(ex.output))
    assert form.to_dict()["inputs"][0]["baseline"] == pytest.approx(float(x0[0, 0]))
    with pytest.warns(match="holds there and at its input only"):
        form.evaluate((x + x0) / 2)


def test_a_file_keeps_the_baseline(ex: Explanation, tmp_path) -> None:
    path = tmp_path / "ex.safetensors"
    ex.save(path, range(ex.rank))
    back = load(path)
    assert torch.equal(back.baseline, ex.baseline)
    assert back.baseline_name == "given"
    assert torch.equal(back.displacement, ex.displacement)
    assert torch.allclose(back.contribution_maps(0, None), ex.contribution_maps(0, None))
    assert back.exactness == "from a baseline"
    assert abs(ex.file_size(range(ex.rank)) - path.stat().st_size) < 1000


def test_interpolation_compares_with_the_real_network(ex: Explanation) -> None:
    net, (x, x0) = network(), points()
    way = ex.interpolation()
    for t, answer, prediction in zip((0.25, 0.5, 0.75), way.answers, way.predictions, strict=True):
        assert torch.isclose(answer, net(x0 + t * (x - x0))[0, 1])
        assert torch.isclose(prediction, ex.bias + t * ex.linear)
    expected = (way.answers - way.predictions).abs().max() / ex.linear.abs()
    assert way.error == pytest.approx(float(expected))
    ends = ex.interpolation((0.0, 1.0))
    assert ends.error < 1e-12
    with pytest.raises(InvalidInputError, match="ascending"):
        ex.interpolation((0.5, 0.2))
    with pytest.raises(InvalidInputError, match="baseline="):
        explain(net, x, LAYER, 1).interpolation()


@pytest.mark.parametrize(
    ("against", "others"), [("runner-up", None), ("mean", [0, 2]), (2, [2]), ([0, 2], [0, 2])]
)
def test_contrasts_add_up(against: object, others: list[int] | None) -> None:
    net, (x, x0) = network(), points()
    y, y0 = net(x)[0].detach(), net(x0)[0].detach()
    if others is None:
        others = [max((0, 2), key=lambda k: float(y[k]))]
    ex = explain(net, x, LAYER, 1, baseline=x0, against=against)
    assert torch.isclose(ex.output, y[1] - y[others].mean())
    assert torch.isclose(ex.bias, y0[1] - y0[others].mean())
    assert torch.isclose(ex.contributions.sum() + ex.unresolved, ex.output - ex.bias)
    assert ex.target_name.startswith("output 1 against")
    L = dense(net, x, x0)[1]
    assert np.allclose(ex.split.left, L[1] - L[others].mean(0))
    assert torch.isclose(ex.surgery(drop=range(ex.rank)).answer, ex.bias)
    assert abs(float(ex.ledger().remainder)) < 1e-13


@pytest.mark.parametrize("against", [1, 7, "best", [], 1.5, True, [0, 2.0]])
def test_a_contrast_that_is_none_is_refused(against: object, unchecked_annotations) -> None:
    with pytest.raises(TargetError):
        explain(network(), points()[0], LAYER, 1, against=against)


def test_the_average_is_the_mean_of_maps_completed_at_x() -> None:
    net, (x, x0) = network(), points()
    lin = linearize(net, x, baseline=x0, average=5, noise=0.2, seed=3)
    R = torch.stack([copy.right(LAYER).rows(torch.arange(5)) for copy in lin.copies]).mean(0)
    d, change = (x - x0)[0], (net[:4](x) - net[:4](x0))[0].detach()
    expected = R + torch.outer(change - R @ d, d) / d.square().sum()
    right = lin.right(LAYER)
    assert torch.allclose(right.rows(torch.arange(5)), expected, atol=1e-13)
    assert torch.allclose(right.matmat(torch.eye(6).double()), expected, atol=1e-13)
    assert right.share == pytest.approx(float((change - R @ d).norm() / change.norm()))
    ex = explain(net, x, LAYER, 1, baseline=x0, average=5, noise=0.2)
    assert torch.isclose(ex.bias + ex.contributions.sum() + ex.unresolved, ex.output, rtol=1e-12)
    assert ex.cut
    assert "averaged over 5 noisy copies" in ex.exactness
    assert "completed to be exact at x by" in ex.note
    assert torch.allclose(ex.contribution_maps(0, None).sum(), ex.contributions[0])
    assert torch.isclose(ex.surgery(drop=range(ex.rank)).answer, ex.bias)
    with pytest.raises(UnsupportedOperationError, match="average=1"):
        ex.ledger()


def test_the_average_has_a_seed() -> None:
    net, (x, x0) = network(), points()
    first, again, other = (
        linearize(net, x, baseline=x0, average=2, seed=seed).right(LAYER).rows(torch.arange(5))
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_much_noise_is_said_to_be_much() -> None:
    net, (x, x0) = network(), points()
    ex = explain(net, x, LAYER, 1, baseline=x0, average=2, noise=3.0)
    assert "more than a tenth" in ex.note


@pytest.mark.parametrize("options", [{"average": 4}, {"average": 0, "baseline": "zero"},
                                     {"average": 4, "baseline": "zero", "noise": 0.0}])  # fmt: skip
def test_an_average_that_is_none_is_refused(options: dict) -> None:
    with pytest.raises(InvalidInputError, match=r"average|noise"):
        linearize(network(), points()[0], **options)


def test_an_output_that_hardly_moves_is_said_to() -> None:
    x, _ = points()
    ex = explain(network(), x, LAYER, 1, baseline=x + 1e-3)
    assert "another baseline may say more" in ex.note


def test_evolution_follows_the_map_from_the_baseline() -> None:
    net, (x, x0) = network(), points()
    evolution = evolve(net, x, ["1", LAYER], 1, baseline=x0)
    ex = explain(net, x, LAYER, 1, baseline=x0)
    assert torch.allclose(evolution.layers[1].singular_values, ex.singular_values)
    assert torch.allclose(
        evolution.heatmaps(dim=None)[1].sum(), ex.displacement[0] @ ex.right_vectors(0)[0]
    )


@pytest.mark.parametrize("baseline", [None, torch.zeros(1, 3)])
def test_what_float32_loses_is_said(baseline: Tensor | None) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).eval()
    with torch.no_grad():
        net[0].weight.mul_(torch.tensor([1e-5, 1.0, 1e5]))
    x = torch.tensor([[1e5, 1.0, 1e-5]])
    lost = explain(net, x, "1", 0, baseline=baseline)
    whole = explain(net, x, "1", 0, baseline=baseline, precision="double")
    assert "precision='double'" in lost.note or abs(float(lost.residual)) < 1e-3
    assert "precision='double'" not in whole.note
    assert abs(float(whole.residual)) < 1e-9
