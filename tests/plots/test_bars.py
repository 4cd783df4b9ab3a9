"""Named bars, and numbers that line up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import check_words, drawn_texts
from specxai.errors import InvalidInputError
from specxai.plots import groups_figure
from specxai.plots.bars import aligned


def test_one_bar_a_group_in_the_given_order_with_its_value() -> None:
    figure = groups_figure({"flow": 0.4, "geometry of the $wing": -0.25, "rest": 0.0}, "Lift")
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.4, -0.25, 0.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "flow", "geometry of the $wing", "rest",
    ]  # fmt: skip
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first is above
    words = [text.get_text() for text in drawn_texts(figure)]
    assert {"Lift", "+0.4000", "−0.2500", "0"} <= set(words)
    check_words(figure)


@pytest.mark.parametrize("count", [1, 30])
def test_words_fit_whatever_the_names(count: int) -> None:
    check_words(groups_figure({f"{i} {'long name ' * 9}": -(10.0**i) for i in range(count)}, "T"))


@pytest.mark.parametrize("values", [{}, {"a": float("nan")}])
def test_refuses_what_cannot_be_drawn(values: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match="finite values"):
        groups_figure(values, "T")


@given(st.lists(st.floats(-9e4, 9e4), min_size=1, max_size=6))
def test_aligned_numbers_are_within_half_of_their_last_digit(values: list[float]) -> None:
    largest = max(map(abs, values))
    for text, value in zip(aligned(values), values, strict=True):
        read = float(text.replace("−", "-").replace(",", "")) if "×" not in text else value
        assert abs(read - value) <= 0.006 * max(largest, 1e-9)
