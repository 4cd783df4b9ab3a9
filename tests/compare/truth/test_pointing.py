"""Methods on mosaics of images: perfect, blind and wrong ones get what they deserve."""

from dataclasses import replace

import pytest
import torch

from classifier import build_plain
from specxai.cache import Cache
from specxai.compare import Method, Subject, components_method, evaluate, prepare
from specxai.compare.components import FAST_SEARCH
from specxai.compare.evaluation import Effort
from specxai.compare.truth.mosaics import mosaic
from specxai.compare.truth.pointing import point
from subjects import METHODS, product

SHARES = ("GridPG", "DiFull", "DiPart")


def subjects(cache: Cache | None = None, count: int = 4) -> list[Subject]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(count, 3, 16, 16, generator=generator)
    made = [prepare(build_plain(), each[None])[0] for each in x]
    return [
        Subject(f"{k}", replace(instance, target=k % 4), cache=cache)
        for k, instance in enumerate(made)
    ]


def test_a_map_that_knows_nothing_has_a_quarter_and_a_product_all_where_cells_are_apart():
    found = point(subjects(), METHODS, "4")
    assert found.values["constant"] == [pytest.approx(dict.fromkeys(SHARES, 0.25))]
    (shares,) = found.values["product"]
    assert shares["DiFull"] == pytest.approx(1)
    assert 0 < shares["GridPG"] < 1
    assert found.refusals["never"] == dict.fromkeys(SHARES, "it has no heart for it")


def test_grid_pointing_by_hand():
    given = subjects()
    (found,) = point(given, METHODS[:1], "4").values["product"]
    order = torch.randperm(4, generator=torch.Generator().manual_seed(0)).tolist()
    whole = mosaic([given[k].instance.x for k in order], order)
    shares = []
    for cell, target in enumerate(order):
        positive = product(replace(given[0].instance, x=whole.x, target=target))[0].sum(0)
        positive = positive.clamp(min=0)
        shares.append(float(positive[whole.cell(cell)].sum() / positive.sum()))
    assert found["GridPG"] == pytest.approx(sum(shares) / 4, rel=1e-5)


def test_components_move_to_the_grid_and_those_of_another_layer_stay_away():
    there = components_method("4", 1, "contribution", FAST_SEARCH, from_baseline=True)
    elsewhere = components_method("8", 1, "contribution", FAST_SEARCH, from_baseline=True)
    found = point(subjects(), [there, elsewhere], "4")
    assert found.values[there.name][0]["DiFull"] == pytest.approx(1)
    assert set(found.values[there.name][0]) == set(SHARES)
    assert set(found.values[elsewhere.name][0]) == {"GridPG"}


def test_too_few_classes_make_no_mosaic_and_an_evaluation_has_them_where_there_are_four():
    assert not point(subjects(count=3), METHODS, "4").values
    effort = Effort((0.0, 1.0), (), 1, 1, FAST_SEARCH, mosaics=1)
    found = evaluate(subjects(), METHODS, ["4"], effort)
    assert [measure.label for measure in found.measures][-5:-2] == list(SHARES)
    assert found.means["constant"]["GridPG"].mean == pytest.approx(0.25)
    assert found.means["constant"]["GridPG"].count == 1
    assert set(found.refusals["never, DiPart"]) == {"0", "1", "2", "3"}


def test_cells_of_the_first_mosaics_only_are_wired_apart():
    first, second = point(subjects(count=8), METHODS[:1], "4", apart=1).values["product"]
    assert set(first) == set(SHARES)
    assert set(second) == {"GridPG"}


def test_what_is_finished_is_kept(tmp_path):
    calls = []

    def counted(instance):
        calls.append(1)
        return product(instance)

    methods = [Method("counted", counted, "", "∂y/∂x ⊙ x")]
    first = point(subjects(Cache.at(tmp_path)), methods, "4")
    assert len(calls) == 12
    assert point(subjects(Cache.at(tmp_path)), methods, "4") == first
    assert len(calls) == 12
