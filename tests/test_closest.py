import pytest

from specxai.closest import closest

LAYERS = ["backbone.layer4.0.conv1", "backbone.layer4", "features.3", "head", "body.relu#2"]


@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        ("layer4", ["backbone.layer4", "backbone.layer4.0.conv1"]),
        ("module.features.3", ["features.3"]),
        ("HEAD", ["head"]),
        ("haed", ["head"]),
        ("relu", ["body.relu#2"]),
        ("zzzz", []),
        ("  ", []),
    ],
)
def test_parts_come_before_slips(sought: str, expected: list[str]) -> None:
    assert closest(sought, LAYERS) == expected


def test_no_more_than_asked_for_and_none_twice() -> None:
    assert closest("res", ["resnet50", "resnet18", "res", "res"], 2) == ["res", "resnet50"]


def test_a_name_of_one_letter_is_not_found_in_another() -> None:
    assert closest("backbone", ["b", "back"]) == ["back"]
