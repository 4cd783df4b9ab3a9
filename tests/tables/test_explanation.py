import pytest
import torch
from torch import nn

import specxai
import zoo
from specxai.tables.explanation import explanation_tables, strategies_table, summarize
from specxai.typed_json import plain


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_the_numbers_add_up_and_the_tables_show_them():
    net = zoo.build("residual branch")
    ex = specxai.explain(net.model, net.x, net.layer)
    summary = summarize(ex, 1)
    terms = summary.terms
    total = sum(part.contribution for part in summary.components) + summary.other_contribution
    total += terms.bypass + terms.bias + terms.unresolved
    assert total == pytest.approx(terms.output, abs=1e-6)
    assert len(summary.components) + summary.other_components == ex.rank
    first, components = explanation_tables(summary)
    assert first.title.endswith("(no cut)")
    assert [row[0] for row in texts(first)] == ["y", "u·x", "bypass", "b", "residual"]
    assert texts(first)[0][1] == f"{terms.output:+.5f}"
    assert texts(components)[-1][0] == f"{summary.other_components:,} others"


def test_what_is_not_resolved_and_how_it_was_computed_is_said():
    net = zoo.build("every pool")
    ex = specxai.explain(net.model, net.x, net.layer, method=specxai.Krylov(2, products=4))
    first, components = explanation_tables(summarize(ex, 2))
    assert texts(first)[2][0] == "not resolved"
    assert components.notes[0].startswith("krylov: ")


def test_conventions_ties_and_shared_values_are_said():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.ReLU(), nn.GELU(), nn.Linear(4, 2))
    model[0].weight.data = torch.eye(4)
    ex = specxai.explain(model.eval(), torch.tensor([[1.0, 2.0, 0.0, -1.0]]), "1", 0)
    summary = summarize(ex, 3)
    _, components = explanation_tables(summary)
    assert "1 × gelu: tangent" in components.notes
    assert "tie: 1 of 4 borders of relu@1 pass through x" in components.notes
    assert all(part.degenerate for part in summary.components)
    assert "(σ not unique)" in texts(components)[0][0]
    assert plain(summary)["ties"] == [{"site": "relu@1", "count": 1, "total": 4}]


def test_a_named_class_and_its_probability():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer).named("net", "[cat]")
    summary = summarize(ex, 1)
    assert 0 < summary.probability < 1
    assert f"'[cat]', probability {summary.probability:.3f}" in explanation_tables(summary)[0].title
    assert plain(summary)["class"] == "[cat]"


def test_all_outputs_are_norms():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x)
    summary = summarize(ex, 1)
    assert summary.target is None
    assert summary.terms.output == pytest.approx(float(ex.linearization.output.norm()))
    assert "all outputs (norms)" in explanation_tables(summary)[0].title


def test_strategies_that_never_reach_their_share():
    net = zoo.build("mlp")
    strategies = specxai.explain(net.model, net.x, net.layer).strategies()
    rows = texts(strategies_table(strategies))
    assert [row[0] for row in rows] == [each.name for each in strategies]
    assert [row[1] == "never" for row in rows] == [each.terms is None for each in strategies]
