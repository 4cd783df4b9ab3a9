from dataclasses import replace

import pytest
from matplotlib.axes import Axes

from drawn import check_words, drawn_texts
from specxai.compare import Evaluation, Interval
from specxai.compare.metrics import CHANGE, DELETION, GINI, SIMILARITY, SUM_ERROR
from specxai.plots import metrics_figure

NOISES = [replace(CHANGE, setting=setting) for setting in ("0.001 σ", "0.01 σ")]
MEASURES = (DELETION, SUM_ERROR, *NOISES, SIMILARITY, GINI)
METHODS = ("gradient", "LRP", "specxai features.12, top 3")


def interval(mean: float) -> Interval:
    return Interval(mean, mean - 0.01, mean + 0.02, 4)


@pytest.fixture
def evaluation() -> Evaluation:
    found = {
        "gradient": {
            "deletion": interval(0.2),
            "change under noise, 0.001 σ": interval(0.1),
            "change under noise, 0.01 σ": interval(0.6),
            "similarity of maps": interval(-0.3),
            "Gini": interval(0.5),
        },
        METHODS[2]: {"deletion": interval(0.1), "sum error": Interval(1e-6, 1e-7, 2e-6, 4)},
    }
    chance = {"deletion": interval(0.3)}
    refusals = {"LRP": dict.fromkeys("abcd", "it runs twice: " + "no rule " * 30)}
    return Evaluation(
        methods=METHODS,
        measures=MEASURES,
        means=found,
        chance=chance,
        refusals=refusals,
        overlaps={},
        separation=None,
        images=tuple("abcd"),
        measured={},
    )


def panels(evaluation: Evaluation) -> dict[str, Axes]:
    figure = metrics_figure(evaluation, "Methods measured on a network")
    check_words(figure)
    drawn = [axes for axes in figure.findobj(Axes) if axes.axison]
    return {axes.get_title(loc="left").strip(): axes for axes in drawn}


def test_a_panel_for_each_measure(evaluation):
    names = ["deletion", "sum error", "change under noise", "similarity of maps", "Gini"]
    assert list(panels(evaluation)) == names


def test_points_rings_and_chance_where_the_numbers_say(evaluation):
    axes = panels(evaluation)["deletion"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [
        (0.2, 0),
        (0.1, 2),
        (0.1, 2),  # the ring: the smaller is the better
    ]
    assert any(list(line.get_xdata()) == [0.3, 0.3] for line in axes.lines)
    bars = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert pytest.approx((0.19, 0.22)) in bars


def test_a_refused_method_has_its_row_and_its_reason(evaluation):
    figure = metrics_figure(evaluation, "x")
    words = " ".join(text.get_text() for text in drawn_texts(figure)).replace("\n", " ")
    assert words.count("refused") >= 5
    assert "LRP: it runs twice" in words


def test_settings_have_a_legend(evaluation):
    legend = panels(evaluation)["change under noise"].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["0.001 σ", "0.01 σ"]


def test_no_interval_with_one_image(evaluation):
    alone = {
        method: {
            name: Interval(each.mean, float("nan"), float("nan"), 1) for name, each in m.items()
        }
        for method, m in evaluation.means.items()
    }
    found = panels(replace(evaluation, means=alone, images=("a",)))
    assert not [line for line in found["Gini"].lines if len(line.get_xdata()) == 2]
