"""Causal curves, drawn: a panel for each order, the affine map as a line, the network as points."""

import pytest
import torch

from specxai import Explanation
from specxai.errors import InvalidInputError
from specxai.plots import causal_figure


def test_lines_are_predictions_and_points_are_answers(vector_explanation: Explanation) -> None:
    orders = ("contribution", "singular_value", "random")
    curves = [vector_explanation.causal_curve(order) for order in orders]
    figure = causal_figure(curves, "A cat, $5")
    assert figure.get_suptitle() == "A cat, $5"
    assert [axes.get_title("left") for axes in figure.axes] == [
        "Largest |α| first",
        "Largest σ first",
        "Random order",
    ]
    for axes, curve in zip(figure.axes, curves, strict=True):
        unchanged, line, points = axes.lines
        assert line.get_xdata().tolist() == points.get_xdata().tolist() == curve.counts.tolist()
        assert line.get_ydata().tolist() == curve.predictions.tolist()
        assert points.get_ydata().tolist() == curve.answers.tolist()
        assert unchanged.get_ydata()[0] == pytest.approx(float(vector_explanation.output))
    figure.draw_without_rendering()


def test_adding(vector_explanation: Explanation) -> None:
    (axes,) = causal_figure([vector_explanation.causal_curve(drop=False)]).axes
    assert axes.get_xlabel() == "components added"
    assert axes.lines[0].get_ydata()[0] == pytest.approx(float(vector_explanation.output))
    assert axes.get_ylabel() == "output"


def test_all_outputs_have_norms(all_outputs: Explanation) -> None:
    curve = all_outputs.causal_curve()
    (axes,) = causal_figure([curve]).axes
    torch.testing.assert_close(torch.tensor(axes.lines[2].get_ydata()), curve.answers.norm(dim=1))
    assert axes.get_ylabel() == "norm of the output"


def test_nothing_to_draw() -> None:
    with pytest.raises(InvalidInputError, match="give at least one"):
        causal_figure([])
