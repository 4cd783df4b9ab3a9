import pytest

from specxai.errors import InvalidInputError
from specxai.spectral.records.features import name_features


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
