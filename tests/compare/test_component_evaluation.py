"""Measures of components over images, against each image measured by hand."""

from dataclasses import replace

import pytest
import torch

import specxai
from specxai.compare.component_evaluation import (
    FROM_BASELINE,
    POINTWISE,
    ROUTES,
    evaluate_components,
    shuffled_copy,
)
from specxai.compare.components import FAST_SEARCH
from specxai.compare.interventions import agreement, intervene
from specxai.compare.metrics import component_change, noisy_inputs
from specxai.errors import InvalidInputError
from specxai.spectral.records.contraction import default_blur
from specxai.typed_json import plain
from subjects import build_subjects

LAYER = "4"
ROW = (LAYER, FROM_BASELINE.name)


@pytest.fixture(scope="module")
def found():
    return evaluate_components(build_subjects(), [LAYER], [0.01], FAST_SEARCH, ROUTES)


def explained(instance, **options):
    options = {"baseline": instance.baseline, "method": "exact", **options}
    return specxai.explain(instance.model, instance.x, LAYER, instance.target, **options)


def shown(ex):
    return ex.contribution_maps(ex.top(8), blur=default_blur(ex.x))


def test_rows_are_layers_and_maps(found):
    assert found.rows == tuple((LAYER, route.name) for route in ROUTES)
    assert set(found.means) == set(found.rows)
    labels = [measure.label for measure in found.measures]
    assert labels == [
        "cancellation",
        "held, first 1",
        "held, first 3",
        "held, first 8",
        "correlation",
        "real per predicted",
        "random directions",
        "shuffled network",
        "change of components, 0.01 σ",
    ]
    assert set(found.means[ROW]) <= set(labels)


def test_means_over_images(found):
    shares, changes = [], []
    for subject in build_subjects():
        ex = explained(subject.instance)
        shares.append(float(ex.contributions[ex.top(3)].sum() / ex.contributions.sum()))
        moved = next(noisy_inputs(ex.x, 0.01, 1, subject.instance.seed))
        other = explained(replace(subject.instance, x=moved))
        maps = (
            each.contribution_maps(each.top(8), blur=default_blur(ex.x)) for each in (ex, other)
        )
        changes.append(component_change(*maps))
    assert found.means[ROW]["held, first 3"].mean == pytest.approx(sum(shares) / 2)
    change = found.means[ROW]["change of components, 0.01 σ"]
    assert change.mean == pytest.approx(sum(changes) / 2, rel=1e-4)
    assert change.count == 2


def test_interventions_are_pooled(found):
    asked = []
    for subject in build_subjects():
        shuffled = explained(replace(subject.instance, model=shuffled_copy(subject.instance)))
        ex = explained(subject.instance)
        asked += intervene(ex, ex.top(8).tolist(), shuffled)
    expected = agreement(asked)
    assert len(found.interventions[ROW]) == expected.count
    means = found.means[ROW]
    assert means["correlation"].mean == pytest.approx(expected.correlation, rel=1e-4)
    assert means["real per predicted"].mean == pytest.approx(expected.slope, rel=1e-4)
    assert means["random directions"].mean == pytest.approx(expected.random, rel=1e-4)
    assert means["shuffled network"].mean == pytest.approx(expected.shuffled, rel=1e-3)
    assert means["correlation"].low <= means["correlation"].mean <= means["correlation"].high


def test_what_is_finished_is_kept(tmp_path, monkeypatch):
    from specxai.cache import Cache

    options = ([LAYER], [], FAST_SEARCH, [POINTWISE])
    first = evaluate_components(build_subjects(Cache.at(tmp_path)), *options)
    monkeypatch.setattr("specxai.compare.component_evaluation.explain_instance", None)
    again = evaluate_components(build_subjects(Cache.at(tmp_path)), *options)
    assert again == first
    assert plain(again.interventions[LAYER, POINTWISE.name][0])["alone"] is None


def test_a_layer_that_is_none_is_refused_image_by_image():
    refused = evaluate_components(build_subjects(), ["nowhere"], [], FAST_SEARCH, [POINTWISE])
    assert set(refused.refusals["nowhere", POINTWISE.name]) == {"a", "b"}
    assert not refused.means
    with pytest.raises(InvalidInputError, match="no image"):
        evaluate_components([], [LAYER], [], FAST_SEARCH)


def test_the_random_state_of_the_program_stays():
    state = torch.random.get_rng_state()
    evaluate_components(build_subjects()[:1], [LAYER], [0.01], FAST_SEARCH, [POINTWISE])
    assert torch.equal(torch.random.get_rng_state(), state)
