"""Targets and layers on the command line: by number, from the end, by class name."""

import pytest
from torch import nn

from specxai.cli.reading import read_against, read_layers, read_target, read_targets
from specxai.errors import LayerError, TargetError
from specxai.models import LoadedModel

NAMED = LoadedModel("net", nn.Identity(), classes=("cat", "tiger cat", "tabby, tabby cat", "dog"))
NAMELESS = LoadedModel("net", nn.Identity())


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (None, None),
        ("2", 2),
        ("-1", -1),
        ("1, -2", (1, -2)),
        ("dog", 3),
        ("tiger", 1),
        ("tabby, tabby cat", 2),
    ],
)
def test_a_target(text: str | None, target: object) -> None:
    assert read_target(NAMED, text) == target


@pytest.mark.parametrize(
    ("text", "targets"),
    [("cat, dog", ["cat", "dog"]), ("3,1", []), ("cat", []), ("tabby, tabby cat", [])],
)
def test_several_targets(text: str, targets: list[str]) -> None:
    assert read_targets(NAMED, text) == targets


def test_one_class_at_a_time() -> None:
    with pytest.raises(TargetError, match="'cat,dog' names 2 classes: name one"):
        read_target(NAMED, "cat,dog")
    with pytest.raises(TargetError, match="did you mean 'dog'"):
        read_target(NAMED, "cat,dgo")


@pytest.mark.parametrize(
    ("text", "against"),
    [
        ("runner-up", "runner-up"),
        ("mean", "mean"),
        ("dog", (3,)),
        ("-1", (3,)),
        ("cat, 3", (0, 3)),
        ("tabby, tabby cat", (2,)),
    ],
)
def test_what_a_class_is_set_against(text: str, against: object) -> None:
    assert read_against(NAMED, text) == against


def test_without_class_names_numbers_are_left_to_the_output() -> None:
    assert read_against(NAMELESS, "-1, 2") == (-1, 2)
    with pytest.raises(TargetError, match="--classes FILE"):
        read_target(NAMELESS, "dog")


def test_an_empty_layer_is_no_layer():
    assert read_layers("none") is None
    with pytest.raises(LayerError, match="--layer is empty"):
        read_layers("")
