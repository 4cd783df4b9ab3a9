from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import specxai
from specxai.errors import InvalidInputError
from specxai.spectral.records.features import Features, check_columns, fits, name_features


def test_small_inputs_are_named_by_position():
    assert name_features([3]).names == ("x_0", "x_1", "x_2")
    assert name_features([2, 2]).names == ("x_0,0", "x_0,1", "x_1,0", "x_1,1")
    assert name_features([3, 224, 224]).names == ()


def test_a_mapping_may_leave_values_out():
    found = name_features([4, 3], {(3, 1): "y of point 3", (0, 0): "x of point 0"})
    assert found.positions == (10, 0)
    assert found.units == ("", "")
    assert name_features([4], {2: "c"}, {"c": "mm"}).units == ("mm",)


@pytest.mark.parametrize(
    ("shape", "names", "units", "message"),
    [
        ([3], ["a", "b"], None, "2 feature names for an input of 3 values"),
        ([2], ["a", "a"], None, "the feature name 'a' is given twice"),
        ([2], {0: "a", (0,): "b"}, None, "the position 0 is given twice"),
        ([2], {2: "a"}, None, r"2 is no position in an input of shape \(2,\)"),
        ([2, 2], {1: "a"}, None, "1 is no position"),
        ([2], ["a", "b"], ["mm"], "1 units for 2 names"),
        ([2], ["a", "b"], {"c": "mm"}, "'c', which names no input"),
    ],
)
@pytest.mark.usefixtures("unchecked_annotations")
def test_wrong_names(shape, names, units, message):
    with pytest.raises(InvalidInputError, match=message):
        name_features(shape, names, units)


def test_groups_hold_names_or_positions():
    found = name_features(
        [4], ["a", "b", "c", "d"], groups={"first": ["a", "c"], "rest": [3], "one": [(1,)]}
    )
    assert found.groups == {"first": (0, 2), "rest": (3,), "one": (1,)}
    assert name_features([2, 3], groups={"row": [(1, 0), (1, 2)]}).groups == {"row": (3, 5)}


def test_names_along_a_dimension_may_repeat():
    found = name_features([3, 768], ["the", "cat", "the"], groups={"words": [0, 1]}, dim=1)
    assert (found.dim, found.positions) == (1, (0, 1, 2))
    assert found.unique_names == ("the", "cat", "the#2")
    assert found.groups == {"words": (0, 1)}
    assert name_features([2, 3], {2: "last"}, dim=2).positions == (2,)
    assert name_features([3, 768], groups={"end": [2]}, dim=1).names == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["a", "b"]}, "2 feature names .* or names_dim=2 for names of its positions"),
        ({"names": ["a", "b"], "dim": 1}, "2 feature names for 3 positions along dimension 1"),
        ({"names": ["a"], "dim": 3}, r"names_dim=3 is no dimension of .* \(1, 3, 2\)"),
        ({"names": ["a"], "dim": 0}, "names_dim=0 is no dimension"),
        ({"names": {3: "a"}, "dim": 1}, "3 is no position"),
        ({"groups": {"g": [0, 1], "h": [(0, 1)]}}, "0 is no position"),
        ({"groups": {"g": [(0, 0)], "h": [(0, 0)]}}, "'h' holds what 'g' holds already"),
        ({"groups": {"g": [(0, 0), (0, 0)]}}, "'g' holds what 'g' holds already"),
        ({"groups": {"g": ["mass"]}}, "'g' names 'mass', which names no input"),
        ({"groups": {"g": "mass"}}, "'g' is 'mass': list names or positions"),
        ({"groups": {"g": []}}, "list names or positions"),
        (
            {"names": ["a", "a", "b"], "dim": 1, "groups": {"g": ["a"]}},
            "'a', which is there more than once: give positions",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked_annotations")
def test_wrong_groups_and_dimensions(options, message):
    with pytest.raises(InvalidInputError, match=message):
        name_features([3, 2], **options)


def test_what_a_file_says_is_checked_against_the_input():
    good = Features(("a",), ("",), (5,), {"g": (0, 5)})
    assert fits(good, (1, 2, 3))
    assert fits(Features(("a", "a"), ("", ""), (0, 1), {}, 1), (1, 2, 3))
    assert not fits(good, (1, 5))
    for wrong in (
        replace(good, positions=(-1,)),
        replace(good, units=()),
        replace(good, groups={"g": (6,)}),
        replace(good, groups={"g": (1,), "h": (1,)}),
        replace(good, names=("a", "a"), units=("", ""), positions=(0, 1)),
        replace(good, dim=0),
        replace(good, dim=3),
    ):
        assert not fits(wrong, (1, 2, 3))


def test_a_scaler_of_other_columns_is_refused():
    features = name_features([3], ["a", "b", "c"])
    check_columns(features, SimpleNamespace(scale_=np.ones(3)))
    check_columns(features, SimpleNamespace(feature_names_in_=np.array(["a", "b", "c"])))
    with pytest.raises(InvalidInputError, match=r"fitted on c, b, a …, and the inputs are a, b, c"):
        check_columns(features, SimpleNamespace(feature_names_in_=np.array(["c", "b", "a"])))


def test_a_scaler_of_other_columns_and_a_mean_of_unlike_values_reach_nobody():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).eval()
    names = {"feature_names": ["a", "b", "c"]}
    scaler = SimpleNamespace(scale_=np.ones(3), feature_names_in_=np.array(["b", "a", "c"]))
    with pytest.raises(InvalidInputError, match="fit it on these columns"):
        specxai.explain(net, torch.ones(1, 3), baseline="zero", scale=scaler, **names)
    with pytest.raises(InvalidInputError, match="the mean of inputs that have names of their own"):
        specxai.explain(net, torch.tensor([[1.0, 2, 4]]), baseline="mean", **names)


def test_names_of_positions_are_asked_for_by_their_numbers():
    with pytest.raises(InvalidInputError, match="positions 6 along dimension 1 or 64 along dim"):
        name_features([6, 64], ["a"] * 5)
