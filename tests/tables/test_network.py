import pytest

import specxai
import zoo
from specxai.tables.network import layers_table, ledger_table, summarize_ledger


def test_the_ledger_sums_up_to_the_bias():
    net = zoo.build("mlp")
    summary = summarize_ledger(specxai.explain(net.model, net.x, net.layer).ledger())
    total = sum(entry.contribution for entry in summary.entries) + summary.remainder
    assert total == pytest.approx(summary.bias)
    table = ledger_table(summary, most=1)
    assert table.totals == 1
    names = [row[0].text for row in table.rows]
    assert names[0] == summary.entries[0].site
    assert names[1:] == [f"{len(summary.entries) - 1} others", "remainder", "b"]


def test_layers_on_and_off_the_path():
    net = zoo.build("mlp")
    lin = specxai.linearize(net.model, net.x)
    table = layers_table("net", lin.layers, {lin.layers[0].address: 1})
    assert [row[0].text for row in table.rows] == [layer.address for layer in lin.layers]
    assert [row[4].text for row in table.rows[:2]] == ["1", "not on path"]
