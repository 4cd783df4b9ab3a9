"""Waterfalls: the bars lead from y₀ to y, whatever is shown one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

import specxai
from drawn import check_words, drawn_texts
from specxai import Explanation, Krylov
from specxai.errors import InvalidInputError, TargetError
from specxai.plots import waterfall_figure
from specxai.plots.waterfall import Waterfall, by_component, by_input, draw_waterfall

NAMES = [f"input number {i}" for i in range(7)]


def bars(axes: Axes) -> list[tuple[float, float]]:
    """Left and right end of each bar, from above."""
    drawn = sorted(axes.patches, key=lambda bar: bar.get_y())
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in drawn]


def check_closed(axes: Axes, explanation: Explanation) -> None:
    """Each bar begins where the one above ends, from y₀ to y."""
    first, *steps, last = bars(axes)
    ends = [first[1], *(end for _, end in steps)]
    np.testing.assert_allclose([start for start, _ in steps], ends[:-1], atol=1e-9)
    assert first[1] == pytest.approx(float(explanation.bias))
    assert last[1] == pytest.approx(float(explanation.output))
    assert ends[-1] == pytest.approx(last[1], abs=1e-5)


@pytest.mark.parametrize("top", [1, 2, 12])
@pytest.mark.parametrize("names", [None, NAMES])
def test_it_closes(from_baseline: Explanation, top: int, names: list[str] | None) -> None:
    figure = waterfall_figure(from_baseline, names, top)
    check_closed(figure.axes[0], from_baseline)
    check_words(figure)


def test_a_pointwise_map_begins_at_the_biases(vector_explanation: Explanation) -> None:
    figure = waterfall_figure(vector_explanation)
    check_closed(figure.axes[0], vector_explanation)
    assert "b (biases)" in [text.get_text() for text in drawn_texts(figure)]


def test_what_is_not_resolved_and_what_goes_around_are_steps() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(12, 12), nn.Linear(12, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x + self.body(x).relu())

    x = torch.randn(1, 12, generator=torch.Generator().manual_seed(2))
    method = Krylov(2, by="contribution", block=1)
    explanation = specxai.explain(Residual().eval(), x, "body", baseline="zero", method=method)
    steps = dict(by_component(explanation, [0]).steps)
    assert steps["around the layer"] == float(explanation.bypass) != 0
    assert steps["not resolved"] == float(explanation.unresolved) != 0
    assert steps["1 other"] == pytest.approx(float(explanation.contributions[1]))
    check_closed(waterfall_figure(explanation, top=1).axes[0], explanation)


def test_inputs_are_what_each_adds(from_baseline: Explanation) -> None:
    steps = dict(by_input(from_baseline, NAMES, 7).steps)
    expected = from_baseline.total_map(dim=None).tolist()
    assert [steps[name] for name in NAMES] == pytest.approx(expected)
    sizes = [abs(value) for value in steps.values()]
    assert sizes == sorted(sizes, reverse=True)


def test_bars_far_from_zero_are_not_slivers() -> None:
    axes = Figure().subplots()
    draw_waterfall(axes, Waterfall(("y₀", 1000.0), (("a", 2.0), ("b", -1.0)), ("y", 1001.0)))
    low, high = axes.get_xlim()
    assert low > 900
    assert high - low < 10
    assert "does not begin at 0" in axes.get_xlabel()
    assert bars(axes)[0][0] == low


def test_refusals(from_baseline: Explanation, all_outputs: Explanation, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="target"):
        waterfall_figure(all_outputs)
    with pytest.raises(InvalidInputError, match="6 names for an input of 7 values"):
        waterfall_figure(from_baseline, NAMES[:6])
    with pytest.raises(InvalidInputError, match="top=0"):
        waterfall_figure(from_baseline, top=0)
    from_baseline.save(tmp_path / "x.safetensors")
    stored = specxai.load(tmp_path / "x.safetensors")
    check_closed(waterfall_figure(stored).axes[0], from_baseline)
    with pytest.raises(InvalidInputError, match="explain again"):
        waterfall_figure(stored, NAMES)
