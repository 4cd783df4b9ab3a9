"""The tables that a notebook shows of a result."""

from html.parser import HTMLParser

import pytest
import torch
from torch import nn

import specxai
from specxai.tables.html import (
    evolution_html,
    explanation_html,
    ledger_html,
    reduction_html,
    reduction_table,
    region_html,
    region_table,
    similarity_html,
)

EVIL = "<script>alert(1)</script>"


class Balanced(HTMLParser):
    """Checks that every element is closed, and none is a script."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def explanation():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(9, 12), nn.ReLU(), nn.Linear(12, 3)).eval()
    return specxai.explain(net, torch.randn(1, 9), "1").named(EVIL, EVIL)


def test_every_kind_is_well_formed_and_escaped(explanation):
    pytest.importorskip("scipy")
    net = explanation.linearization.model
    evolution = specxai.evolve(net, explanation.x, ["0", "1"])
    similarity = specxai.similarity([explanation, explanation], names=[EVIL, "b"])
    shown = [
        explanation_html(explanation),
        ledger_html(explanation.ledger()),
        region_html(explanation.region),
        reduction_html(explanation.reduce()),
        evolution_html(evolution),
        similarity_html(similarity),
    ]
    for html in shown:
        parser = Balanced()
        parser.feed(html)
        assert not parser.open
        assert html.count("<table>") >= 1
    for html in (shown[0], shown[-1]):
        assert "&lt;script&gt;" in html


def test_the_table_of_a_reduction_sums_up(explanation):
    reduction = explanation.reduce()
    table = reduction_table(reduction, most=1)
    texts = [[cell.text for cell in row] for row in table.rows]
    values = [float(row[1]) for row in texts]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=2e-5)
    assert texts[0][0] == str(int(reduction.indices[0]))


def test_the_table_of_a_region_names_directions_and_ties():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1)).eval()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))
    table = region_table(specxai.linearize(model, torch.ones(1, 2)).region)
    assert "2 borders" in table.title
    names = [row[0].text for row in table.rows]
    assert names[:2] == ["+x", "-x"]
    assert table.notes == ("tie: 1 of 2 borders of relu@1",)
