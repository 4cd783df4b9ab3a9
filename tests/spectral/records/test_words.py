"""What a result says of itself in a few lines."""

import re

import pytest
import torch
from torch import nn

import specxai
import zoo


def numbers(text):
    return [float(each) for each in re.findall(r"  ([+-][\d.e-]+)  ", text + "  ")]


@pytest.mark.parametrize("name", zoo.names())
def test_three_to_eight_lines(name):
    net = zoo.build(name)
    for ex in (
        specxai.explain(net.model, net.x, net.layer, net.target),
        specxai.explain(net.model, net.x),
    ):
        lines = repr(ex).splitlines()
        assert 3 <= len(lines) <= 8
        assert lines[0].startswith(f"Explanation of {ex.model}: ")
        assert ex.layer_name in lines[0]


def test_the_rows_add_up_to_the_linear_part():
    net = zoo.build("residual branch")
    ex = specxai.explain(net.model, net.x, net.layer, method=specxai.Krylov(4, products=6))
    rows = repr(ex).splitlines()[2:]
    names = [row.split("  ")[1] for row in rows]
    assert names[-2:] == ["unresolved", "bypass"]
    assert sum(numbers("\n".join(rows))) == pytest.approx(float(ex.linear), rel=1e-3)


def test_a_class_and_a_baseline_are_named():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).eval()
    ex = specxai.explain(net, torch.randn(1, 4), "1", baseline="zero").named("cats", "tabby")
    first, second, *_ = repr(ex).splitlines()
    assert first == (
        f"Explanation of cats: output {ex.target} 'tabby', probability {ex.probability:.3f}, at "
        "layer 1"
    )
    assert second.startswith("  y = ")
    assert "u·(x − x₀) " in second
    assert "y₀ (zero) " in second


def test_a_linear_part_of_zero_has_no_shares():
    ex = specxai.explain(nn.Linear(3, 1).eval(), torch.zeros(1, 3), target=0)
    assert "%" not in repr(ex)
