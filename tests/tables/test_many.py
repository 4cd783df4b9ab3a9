from dataclasses import replace

import pytest

import specxai
import zoo
from specxai.tables.many import InputNumbers, many_table, summarize_input


def test_a_row_for_each_input_and_a_line_for_each_fault() -> None:
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, net.layer, 0, baseline="zero")
    ex = ex.named("net", "cat")
    row, lead = summarize_input("x.npy", "x", ex, "a note"), ex.leading().tolist()
    assert row.output == pytest.approx(float(ex.output))
    assert row.bias == pytest.approx(float(ex.bias))
    share = float(ex.contributions[lead].sum() / ex.linear)
    assert row.share == pytest.approx(share)
    assert (row.class_, row.probability, row.components) == ("cat", ex.probability, len(lead))
    failed = InputNumbers(input="y.npy", error="does not exist")
    table = many_table([row, failed], "net on 2 inputs")
    texts = [[cell.text for cell in each] for each in table.rows]
    assert texts[0][:2] == ["x.npy", "0 'cat'"]
    assert texts[0][-2:] == [str(len(lead)), f"{share:.0%}"]
    assert texts[1] == ["y.npy", "not explained", *[""] * 5]
    assert table.columns[4] == "y₀"
    assert table.notes[1] == "y₀: the output at the baseline x₀ (zero)"
    beyond = many_table([replace(row, share=1.4)], "net").notes
    assert beyond[-1].startswith("a share beyond 100 %")
    assert table.notes[-2:] == ("y.npy: does not exist", "1 of 2 inputs could not be explained")


def test_all_outputs_have_norms_and_no_share() -> None:
    net = zoo.build("mlp")
    row = summarize_input("x", "x", specxai.explain(net.model, net.x))
    assert (row.share, row.components) == (None, None)
    assert row.output is not None
    assert row.output > 0
    assert many_table([row], "net").rows[0][1].text == "all"
    assert many_table([row], "net").columns[4] == "b"


def test_unlike_baselines_have_a_column() -> None:
    rows = [
        InputNumbers(input="a", output=1.0, bias=0.5, baseline="zero", components=2, share=0.9),
        InputNumbers(input="b", output=1.0, bias=0.2, baseline="blur", components=1, share=0.8),
        InputNumbers(input="c", error="no picture"),
    ]
    table = many_table(rows, "net on 3 inputs")
    assert table.columns[4] == "x₀"
    assert [row[4].text for row in table.rows] == ["zero", "blur", ""]
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert "unlike baselines" in " ".join(table.notes)
