"""What tables and figures say of a map from a baseline."""

import torch
from torch import nn

from specxai import explain
from specxai.plots.explanation import explanation_figure
from specxai.plots.facts import terms
from specxai.spectral.records.contraction import default_blur
from specxai.tables.explanation import explanation_tables, summarize


def result(baseline):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 144, 3))
    return explain(net.eval(), torch.randn(1, 3, 14, 14), "1", 0, baseline=baseline)


def test_the_terms_are_written_from_the_baseline():
    ex = result("blur")
    table, components = explanation_tables(summarize(ex, 2))
    rows = {row[0].text: (row[1].text, row[2].text) for row in table.rows}
    assert rows["u·(x − x₀)"][0] == f"{float(ex.linear):+.5f}"
    assert rows["y₀"] == (f"{float(ex.bias):+.5f}", "the output at the baseline x₀ (blur)")
    assert rows["u·x at x alone"][0] == f"{ex.pointwise_linear:+.5f}"
    assert "c = σ φ·(x − x₀)" in components.columns
    assert not any("relu" in note for note in components.notes)


def test_without_a_baseline_nothing_of_it_is_said():
    table, components = explanation_tables(summarize(result(None), 2))
    assert [row[0].text for row in table.rows] == ["y", "u·x", "bypass", "b", "residual"]
    assert "c = σ φ·x" in components.columns


def test_the_figure_draws_what_adds_and_what_takes_away():
    ex = result("mean")
    figure = explanation_figure(ex, top=1)
    k = int(ex.top(1)[0])
    maps = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    wanted = ex.contribution_maps(k, blur=default_blur(ex.x))[0].numpy()
    assert any(
        m.shape == wanted.shape and abs(m - wanted).max() < 1e-5 * abs(wanted).max() for m in maps
    )
    text = " ".join(t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")))
    assert "red is for it, blue against" in text.replace("\n", " ")
    assert dict(terms(ex))["y₀"]
