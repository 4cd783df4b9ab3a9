import math
from dataclasses import replace

import pytest
import torch

from classifier import build_plain
from specxai.cache import Cache
from specxai.compare import Effort, Method, Subject, evaluate
from specxai.compare.metrics import area, deletion_curve, mean_color, noisy_inputs
from specxai.errors import InvalidInputError, UnsupportedOperationError
from specxai.typed_json import plain
from subjects import METHODS, build_subjects, never, product

EFFORT = Effort((0.0, 0.5, 1.0), (0.01,), 2, 2)


@pytest.fixture(scope="module")
def found():
    return evaluate(build_subjects(), METHODS, ["4", "8"], EFFORT)


def test_measures_in_the_order_of_the_tables(found):
    assert [measure.label for measure in found.measures] == [
        "deletion",
        "insertion",
        "sum error",
        "change under noise, 0.01 σ",
        "similarity of maps, last layer random",
        "similarity of maps, all 4 layers random",
        "similarity of |maps|, last layer random",
        "similarity of |maps|, all 4 layers random",
        "mass inside mask",
        "pointing game",
        "Gini",
        "area of 90 % energy",
    ]
    assert set(found.means["product"]) == {measure.label for measure in found.measures}


def test_what_a_constant_map_gets(found):
    constant = {name: interval.mean for name, interval in found.means["constant"].items()}
    assert "sum error" not in constant
    assert constant["change under noise, 0.01 σ"] == 0
    assert "similarity of maps, last layer random" not in constant
    assert constant["Gini"] == pytest.approx(0)
    assert constant["mass inside mask"] == found.chance["mass inside mask"].mean == 0.5


def test_means_are_over_the_images_with_the_target_held(found):
    subjects = build_subjects()
    deletions, changes = [], []
    for subject in subjects:
        instance = subject.instance
        map_ = product(instance)[0].double().sum(0)
        curve = deletion_curve(
            instance.model,
            instance.x,
            instance.target,
            map_,
            mean_color(instance.x),
            EFFORT.fractions,
        )
        deletions.append(area(EFFORT.fractions, curve))
        for x in noisy_inputs(instance.x, 0.01, 2, instance.seed):
            other = product(replace(instance, x=x))[0].double().sum(0)
            changes.append(float((other - map_).norm() / map_.norm()))
    means = found.means["product"]
    assert means["deletion"].mean == pytest.approx(sum(deletions) / 2)
    assert means["deletion"].count == 2
    assert means["change under noise, 0.01 σ"].mean == pytest.approx(sum(changes) / 4)


def test_the_product_adds_up_and_depends_on_the_network(found):
    means = found.means["product"]
    assert means["sum error"].mean < 1e-5
    assert abs(means["similarity of maps, all 4 layers random"].mean) < 0.5


def test_refusals_are_kept_and_overlaps_compared(found):
    assert found.methods == ("product", "constant", "never")
    reason = "it has no heart for it"
    assert found.refusals == {"never": {"a": reason, "b": reason}}
    first, last = found.overlaps["4"].mean, found.overlaps["8"].mean
    assert 0 < first <= 1
    assert found.separation.mean == pytest.approx(last - first)


def test_the_best_is_chosen_by_the_better_side(found):
    by_name = {measure.label: measure for measure in found.measures}
    assert found.best(by_name["change under noise, 0.01 σ"]) == {"constant"}
    assert found.best(by_name["sum error"]) == {"product"}
    assert found.best(by_name["similarity of maps, last layer random"]) == {"product"}
    assert found.best(by_name["Gini"]) == set()


def test_one_image_has_no_interval():
    found = evaluate(build_subjects()[:1], METHODS[:1], ["8"], EFFORT)
    assert math.isnan(found.means["product"]["deletion"].low)
    assert found.separation is None
    assert plain(found)["means"]["product"]["deletion"]["low"] is None


def test_the_same_seeds_give_the_same_numbers_and_the_network_stays(found):
    subjects = build_subjects()
    state = torch.random.get_rng_state()
    assert evaluate(subjects, METHODS, ["4", "8"], EFFORT) == found
    assert torch.equal(torch.random.get_rng_state(), state)
    weights = build_plain().state_dict()
    now = subjects[0].instance.model.state_dict()
    assert all(torch.equal(now[name], weights[name]) for name in weights)


def test_interrupted_work_goes_on_where_it_stopped(tmp_path):
    calls = []

    def counted(instance):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return product(instance)

    methods = [Method("counted", counted, "", "counts")]
    effort = replace(EFFORT, noises=(0.001, 0.01), draws=1)
    with pytest.raises(KeyboardInterrupt):  # a map, two noises, the first depth
        evaluate(build_subjects(Cache(tmp_path)), methods, ["8"], effort)
    first = evaluate(build_subjects(Cache(tmp_path)), methods, ["8"], effort)
    assert len(calls) == 4 + 2 + 5  # the depths of the first image, all of the second
    assert evaluate(build_subjects(Cache(tmp_path)), methods, ["8"], effort) == first
    assert len(calls) == 11
    evaluate(build_subjects(Cache(tmp_path)), methods, ["8"], replace(effort, noises=(0.02,)))
    assert len(calls) == 13  # the new noise of both


def test_a_method_that_refuses_only_what_is_changed():
    subjects = build_subjects()
    model = subjects[0].instance.model

    def picky(instance):
        return product(instance) if instance.model is model else never(instance)

    found = evaluate(subjects, [Method("picky", picky, "", "")], ["8"], EFFORT)
    assert "similarity of maps, last layer random" not in found.means["picky"]
    assert found.means["picky"]["change under noise, 0.01 σ"].count == 2
    assert not found.refusals


def test_too_few_components_are_a_reason(monkeypatch):
    def refuse(*arguments, **options):
        raise UnsupportedOperationError("nothing resolved")

    monkeypatch.setattr("specxai.compare.evaluation.leading_maps", refuse)
    found = evaluate(build_subjects(), METHODS[:1], ["8"], EFFORT)
    assert found.refusals["8"] == {"a": "nothing resolved", "b": "nothing resolved"}
    assert not found.overlaps


@pytest.mark.parametrize(
    "mask", [torch.zeros(16, 16, dtype=torch.bool), torch.ones(8, 16, dtype=torch.bool)]
)
def test_a_mask_must_fit(mask):
    with pytest.raises(InvalidInputError, match="mask of a has"):
        Subject("a", build_subjects()[0].instance, mask)


def test_no_image():
    with pytest.raises(InvalidInputError, match="at least one"):
        evaluate([], METHODS, ["8"], EFFORT)


def test_methods_are_compared_image_by_image(found):
    deletion, gini = (
        next(each for each in found.measures if each.label == label)
        for label in ("deletion", "Gini")
    )
    lead = found.lead(deletion, "product", "constant")
    means = (found.means[name]["deletion"].mean for name in ("constant", "product"))
    assert lead.mean == pytest.approx(next(means) - next(means))  # lower is better
    assert lead.count == 2
    assert found.lead(gini, "product", "constant").mean == 0
    assert found.lead(deletion, "product", "never") is None


def change(instance):
    return (instance.x - instance.baseline) * instance.x


def test_other_baselines_change_the_maps_of_the_methods_that_take_one():
    subjects = build_subjects()
    x, own = subjects[0].instance.x, subjects[0].instance.baseline
    asked = [replace(each, baselines=(own, own + 1, own - 2)) for each in subjects]
    methods = (METHODS[0], Method("change", change, "", "(x − x₀) ⊙ x"))
    found = evaluate(asked, methods, [], replace(EFFORT, noises=(), stride=2))
    label = "change with the baseline"
    assert label in [measure.label for measure in found.measures]
    assert label not in found.means["product"]
    map_ = (x * x).double().sum(1)  # from zeros
    expected = sum((shift * x).double().sum(1).norm() / map_.norm() for shift in (1, 2)) / 2
    assert found.means["change"][label].mean == pytest.approx(float(expected), rel=1e-5)
    assert found.means["change"][label].count == 1  # of two: the stride
    assert found.means["change"]["deletion"].count == 2
    assert found.overlaps == {}
