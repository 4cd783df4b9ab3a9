import pytest

from specxai.errors import TargetError
from specxai.models.class_names import find_class, imagenet_classes

CLASSES = ("tench", "crane", "tabby", "tiger cat", "Tiger", "crane", "Egyptian cat")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("tabby", 2),
        (" TIGER CAT ", 3),
        ("tiger", 4),
        ("egypt", 6),
        ("ench", 0),
        ("5", 5),
        ("-1", 6),
        ("-7", 0),
    ],
)
def test_a_class_is_found_by_name_part_or_index(text, index):
    assert find_class(CLASSES, text) == index


@pytest.mark.parametrize("text", ["crane", "cat", "ti"])
def test_an_ambiguous_name_lists_what_fits(text):
    with pytest.raises(TargetError, match="ambiguous") as caught:
        find_class(CLASSES, text)
    assert "\n" not in str(caught.value)


def test_a_name_that_occurs_twice_shows_both_indices():
    with pytest.raises(TargetError, match="1 'crane', 5 'crane'"):
        find_class(CLASSES, "crane")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tabbby", "did you mean 'tabby'"),
        ("7", "out of range"),
        ("zzz", "choose from 'tench', 'crane'"),
        ("", "choose from"),
    ],
)
def test_an_unknown_class_is_an_error(text, message):
    with pytest.raises(TargetError, match=message) as caught:
        find_class(CLASSES, text)
    assert "\n" not in str(caught.value)


def test_without_class_names_only_an_index_is_accepted():
    assert find_class(None, "12") == 12
    assert find_class(None, "-1") == -1
    with pytest.raises(TargetError, match="give an index, or the names in a file"):
        find_class(None, "tabby")


def test_imagenet_has_a_thousand_classes():
    classes = imagenet_classes()
    assert len(classes) == 1000
    assert classes[281] == "tabby"
