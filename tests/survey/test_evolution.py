"""An evolution, layer by layer, against dense float64 Jacobians and numpy's SVD."""

import inspect
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from torch import Tensor, nn

import specxai
import zoo
from reference import dense
from specxai.cli.evolve import evolve as cli_evolve
from specxai.errors import InvalidInputError, LayerError, SpecxaiError
from specxai.survey.evolution import QUICK, choose_layers
from specxai.survey.layer_spectrum import LayerSpectrum, measure_layer

LAYERS = ("0", "1", "3")


def build() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(4)
    model = nn.Sequential(
        nn.Conv1d(2, 6, 3), nn.ReLU(), nn.Conv1d(6, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 4)
    )
    return model.double().eval(), torch.randn(1, 2, 10).double()


@pytest.mark.parametrize("by", ["singular_value", "contribution"])
def test_against_dense(by: str) -> None:
    model, x = build()
    evolution = specxai.evolve(model, x, ["3", "0", "1"], target=2, n=3, by=by)
    truths = [dense(model, x, layer, 2) for layer in LAYERS]
    assert tuple(layer.layer for layer in evolution.layers) == LAYERS
    leading = []
    for layer, truth in zip(evolution.layers, truths, strict=True):
        r = len(truth.sigma)
        sizes = truth.sigma if by == "singular_value" else abs(truth.alpha)
        top = np.argsort(-sizes)[:3]
        leading.append(truth.V[:, top])
        p = truth.sigma**2 / sum(truth.sigma**2)
        assert layer.rank == r
        assert (layer.unit_count, layer.active_count) == (len(truth.R), sum(truth.R.any(1)))
        assert layer.cut
        assert layer.complete
        assert layer.top.tolist() == top.tolist()
        np.testing.assert_allclose(layer.singular_values, truth.sigma, atol=1e-10)
        np.testing.assert_allclose(layer.contributions, truth.alpha, atol=1e-10)
        np.testing.assert_allclose(layer.right_vectors.flatten(1).T, leading[-1], atol=1e-8)
        assert layer.energy_share == pytest.approx(p[top[0]])
        share = abs(truth.alpha[top[0]]) / sum(abs(truth.alpha))
        assert layer.contribution_share == pytest.approx(share)
        assert layer.effective_rank == pytest.approx(np.exp(-sum(p * np.log(p))))
        assert layer.participation_ratio == pytest.approx(1 / sum(p**2))
    for found, (a, b) in zip(evolution.alignments, pairwise(leading), strict=True):
        assert found.cosine == pytest.approx(abs(a[:, 0] @ b[:, 0]))
        np.testing.assert_allclose(found.angles, np.sort(subspace_angles(a, b)), atol=1e-7)


def test_heat_maps_are_those_of_the_explanations() -> None:
    model, x = build()
    evolution = specxai.evolve(model, x, LAYERS)
    for layer, found in zip(LAYERS, evolution.heatmaps(), strict=True):
        expected = specxai.explain(model, x, layer).heatmaps([0])[0]
        torch.testing.assert_close(found, expected)
    assert evolution.heatmaps("mean", None).shape == (3, *x.shape[1:])


def test_the_same_target_at_all_layers() -> None:
    model, x = build()
    assert specxai.evolve(model, x, LAYERS).target == int(model(x).argmax())


def test_fewer_components_than_asked_for() -> None:
    net = zoo.build("regression")  # 6 inputs, 5 hidden units, some of them closed
    evolution = specxai.evolve(net.model, net.x, ["0", "1"], n=50)
    sizes = [layer.rank for layer in evolution.layers]
    assert [len(layer.right_vectors) for layer in evolution.layers] == sizes
    assert len(evolution.alignments[0].angles) == min(sizes)


def test_what_products_leave_unknown_is_a_bound() -> None:
    model, x = build()
    few = specxai.evolve(model, x, LAYERS, n=2, method=specxai.Krylov(2, tol=1e-8))
    for some, every in zip(few.layers, specxai.evolve(model, x, LAYERS, n=2).layers, strict=True):
        assert (some.rank, some.complete, some.leading) == (2, False, True)
        assert some.energy_share > every.energy_share
        assert some.contribution_share > every.contribution_share
        assert some.effective_rank < every.effective_rank
        assert some.participation_ratio < every.participation_ratio
        torch.testing.assert_close(some.right_vectors, every.right_vectors, atol=1e-6, rtol=0)


def test_no_bound_where_larger_components_may_be_missing() -> None:
    model, x = build()
    few = specxai.Krylov(2, "contribution", tol=1e-8)
    (layer,) = specxai.evolve(model, x, ["0"], n=1, method=few).layers
    assert not layer.leading
    assert np.isnan(layer.effective_rank)
    assert np.isnan(layer.participation_ratio)


def test_nothing_converged_is_an_error() -> None:
    model, x = build()
    with pytest.raises(LayerError, match=r"layer 0 converged .*more products"):
        specxai.evolve(model, x, ["0"], method=specxai.Krylov(products=1, tol=1e-14))


def test_a_layer_where_nothing_converged_does_not_cost_the_others(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_at_1(explanation: specxai.Explanation, *rest: Any) -> LayerSpectrum:
        if explanation.layer == "1":
            raise LayerError("no component of layer 1 converged: allow more products")
        return measure_layer(explanation, *rest)

    monkeypatch.setattr("specxai.survey.evolution.measure_layer", fail_at_1)
    model, x = build()
    evolution = specxai.evolve(model, x, LAYERS)
    assert [layer.layer for layer in evolution.layers] == ["0", "3"]
    assert len(evolution.alignments) == 1
    assert "left out: no component of layer 1 converged" in caplog.text


def test_layers_share_the_time_of_the_exact_method(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = []

    def explain_at(lin: Any, layer: Any, target: Any, solver: specxai.Auto, *rest: Any) -> Any:
        shares.append(solver.seconds)
        return specxai.spectral.explain_at(lin, layer, target, solver, *rest)

    monkeypatch.setattr("specxai.survey.evolution.explain_at", explain_at)
    clock = SimpleNamespace(perf_counter=iter([0.0, 10.0, 10.0, 30.0, 30.0, 99.0]).__next__)
    monkeypatch.setattr("specxai.survey.evolution.time", clock)
    model, x = build()
    specxai.evolve(model, x, LAYERS, method=specxai.Auto(seconds=60.0))
    assert shares == [20.0, 25.0, 30.0]


def test_without_options_little_is_allowed() -> None:
    assert (QUICK.seconds, QUICK.krylov.products, QUICK.krylov.tol) == (60.0, 100, 1e-2)
    assert inspect.signature(specxai.evolve).parameters["method"].default == "auto"
    assert inspect.signature(cli_evolve).parameters["solver"].default.solver(QUICK) == QUICK


@pytest.mark.parametrize("method", ["auto", "krylov", specxai.Krylov(2), specxai.Auto()])
def test_as_many_components_are_looked_for_as_are_compared(
    method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = []

    def explain_at(*given: Any) -> Any:
        solver = given[3]
        wanted.append(solver if isinstance(solver, specxai.Krylov) else solver.krylov)
        return specxai.spectral.explain_at(*given)

    monkeypatch.setattr("specxai.survey.evolution.explain_at", explain_at)
    model, x = build()
    evolution = specxai.evolve(model, x, LAYERS, n=9, method=method, by="contribution")
    assert evolution.by == "contribution"
    assert {(each.n_components, each.by) for each in wanted} == {(9, "contribution")}


def test_no_vector_is_an_error() -> None:
    model, x = build()
    with pytest.raises(InvalidInputError, match="n=0"):
        specxai.evolve(model, x, LAYERS, n=0)


def test_an_unknown_layer_is_an_error() -> None:
    model, x = build()
    with pytest.raises(SpecxaiError, match="no layer '17'"):
        specxai.evolve(model, x, ["0", "17"])


def test_chosen_layers_are_activations_from_the_first_to_the_last() -> None:
    torch.manual_seed(0)
    blocks = [nn.Sequential(nn.Linear(5, 5), nn.ReLU()) for _ in range(20)]
    model = nn.Sequential(*blocks, nn.Linear(5, 3)).eval()
    chosen = choose_layers(specxai.linearize(model, torch.randn(1, 5)))
    assert chosen == tuple(f"{k}.1" for k in (0, 3, 5, 8, 11, 14, 16, 19))


def test_a_linear_network_has_all_its_layers_but_the_output() -> None:
    model = nn.Sequential(nn.Linear(5, 6), nn.Linear(6, 4), nn.Linear(4, 3), nn.Identity()).eval()
    lin = specxai.linearize(model, torch.randn(1, 5))
    assert choose_layers(lin) == ("0", "1")
    assert choose_layers(lin, most=1) == ("0",)


def test_branches_are_not_chosen() -> None:
    net = zoo.build("residual branch")
    lin = specxai.linearize(net.model, net.x)
    assert choose_layers(lin) == ("block",)  # its ReLU after the sum


def test_no_layer_to_choose_is_an_error() -> None:
    net = zoo.build("functional")
    with pytest.raises(LayerError, match="name the layers"):
        specxai.evolve(net.model, net.x, target=0)
