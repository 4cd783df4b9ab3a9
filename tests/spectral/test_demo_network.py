"""The README's demo: EfficientNet-lite0 with its published weights, on a photo of a cat."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import torch

import specxai
from specxai.models import load_input, load_model

pytestmark = pytest.mark.slow  # a real network is decomposed

LAYER = "_avg_pooling"


@pytest.fixture(scope="module")
def cat():
    model = load_model("demo:efficientnet-lite0")
    return model, load_input("demo:chelsea", model).tensor


@pytest.fixture(scope="module")
def single(cat):
    model, x = cat
    return specxai.explain(model.module, x, LAYER)


@pytest.fixture(scope="module")
def double(cat):
    model, x = cat
    module = deepcopy(model.module).double()  # the shared one stays as it is
    return specxai.explain(module, x.double(), LAYER, method=specxai.Krylov(4, products=40))


def test_the_class_and_its_probability_are_the_untouched_models(cat, single):
    model, x = cat
    with torch.no_grad():
        scores = load_model("demo:efficientnet-lite0").module(x.clone())
    assert single.target == int(scores.argmax())
    assert model.classes[single.target] in {"Egyptian cat", "tiger cat", "tabby"}
    output = single.split.output.to(scores)
    torch.testing.assert_close(output, scores[0, single.target], rtol=1e-6, atol=0)
    with torch.no_grad():
        after = model.module(x.clone()).softmax(1)[0, single.target]
    assert float(after) == pytest.approx(float(scores.softmax(1)[0, single.target]), rel=1e-6)


def test_units_and_active_units(single):
    assert single.split.right.shape == (1280, 3 * 224 * 224)
    assert len(single.svd.active) == 478
    assert single.rank == 478
    assert single.split.cut


def test_equation_20_in_single_precision(single):
    y = float(single.output)
    assert abs(float(single.residual)) <= 1e-4 * abs(y)
    total = float(single.contributions.sum() + single.bypass + single.bias)
    assert abs(total - y) <= 1e-4 * abs(y)


def test_equation_20_in_double_precision(double):
    y = float(double.output)
    assert abs(float(double.residual)) <= 1e-9 * abs(y)
    total = float(double.contributions.sum() + double.unresolved + double.bypass + double.bias)
    assert abs(total - y) <= 1e-9 * abs(y)


def test_both_precisions_agree(single, double):
    """Real photos stand on borders of linear regions, so that only the output must agree."""
    assert single.target == double.target
    assert float(single.output) == pytest.approx(float(double.output), rel=1e-5)
    first, second = single.singular_values[0], double.singular_values[0]
    assert float(first) == pytest.approx(float(second), rel=0.1)


def test_the_top_vectors(single):
    chosen = single.top(4)
    V = single.right_vectors(chosen).flatten(1).double()
    torch.testing.assert_close(V @ V.T, torch.eye(4).double(), rtol=0, atol=1e-5)
    maps = single.heatmaps(chosen)
    assert maps.shape == (4, 224, 224)
    along = maps.double().flatten(1).sum(1) * single.singular_values[chosen]
    torch.testing.assert_close(along, single.coefficients[chosen], rtol=1e-3, atol=1e-4)


def test_surgery_that_keeps_all_gives_the_models_own_output(cat, single):
    model, x = cat
    cut = single.surgery(keep=range(single.rank))
    with torch.no_grad():
        expected = model.module(x.clone()).double()
    torch.testing.assert_close(cut.outputs, expected, rtol=1e-5, atol=0)
    assert abs(float(cut.difference)) <= 1e-5 * abs(float(cut.answer))


def test_the_causal_curve_behind_the_last_gate_is_what_the_affine_map_says(single):
    curve = single.causal_curve(n=9)
    scale = float(curve.predictions.abs().max())
    torch.testing.assert_close(curve.answers, curve.predictions, rtol=0, atol=1e-5 * scale)
    assert float(curve.answers.max() - curve.answers.min()) > 0.1


def test_an_edited_copy_agrees_with_the_surgery(cat, single):
    _, x = cat
    cut = single.surgery(keep=single.top(5))
    with torch.no_grad():
        found = cut.as_module()(x.clone()).double()
    scale = float(cut.outputs.abs().max())
    torch.testing.assert_close(found, cut.outputs, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("reduced", [False, True])
def test_equation_25_in_single_precision(single, reduced):
    y = float(single.output)
    shown = single.symbolic(5, reduced=reduced)
    assert shown.positions().shape == (224, 224)
    assert abs(float(shown.positions().sum()) - y) <= 1e-4 * abs(y)
    total = shown.contributions.sum() + sum(shown.constants.values())
    assert abs(float(total) - y) <= 1e-4 * abs(y)


@pytest.fixture(scope="module")
def through(cat):
    model, x = cat
    method = specxai.Krylov(n_components=8, by="contribution")
    return specxai.explain(model.module, x, "_swish#2", 282, baseline="blur", method=method)


def check_table(part, shown):
    cells = {}
    for line in part.splitlines():
        name, *values = [cell.strip("* ") for cell in line.strip("|").split("|")]
        if line.startswith("| "):
            cells[name] = [float(value) for value in values if re.fullmatch(r"[-+\d.]+", value)]
    columns = [shown.singular_values, shown.coefficients, shown.weights, shown.contributions]
    for k, *row in zip(shown.indices.tolist(), *[c.tolist() for c in columns], strict=True):
        assert cells[f"component {k}"] == pytest.approx(row, rel=0.01)
    for name, value in (shown.constants | {"y": float(shown.output)}).items():
        assert cells[name] == pytest.approx([value], rel=0.01, abs=1e-6)
    return cells


def test_the_numbers_read_aloud_in_the_docs(single, through):
    page = (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8")
    first, second = page.split("## The map at x alone")
    cells = check_table(first, through.symbolic(5))
    way = through.interpolation((0.0, 0.25, 0.5, 0.75, 1.0)).answers.tolist()
    assert f"| the network | {' | '.join(f'{y:.3f}' for y in way)} |" in first
    controls = through.causal_curve().controls[[0, 1, 2, 3, 8]].tolist()
    assert cells["the network, random direction"] == pytest.approx(controls, rel=0.01)
    check_table(second, single.symbolic(5))
    counts = {row.name: row.terms for row in single.strategies()}
    assert f"Then {counts['cancellation']} are left" in page
    assert f"After {counts['within 10 % of u·x']} the sum is within 10 %" in page
