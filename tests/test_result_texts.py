"""The few lines that results print."""

import pytest
import torch
from torch import nn

import specxai


@pytest.fixture(scope="module")
def explanation():
    torch.manual_seed(0)
    parts = [part for _ in range(7) for part in (nn.Linear(12, 12), nn.ReLU())]
    net = nn.Sequential(*parts, nn.Linear(12, 3)).double().eval()
    return specxai.explain(net, torch.randn(1, 12).double(), "1", 0)


def lines(result):
    text = repr(result).splitlines()
    assert len(text) <= 8
    assert all(len(line) < 120 for line in text)
    return text


def test_a_ledger_tells_its_sum_and_its_largest_entries(explanation):
    ledger = explanation.ledger()
    first, *rows = lines(ledger)
    calls = len(ledger.entries)
    assert first.startswith(f"Ledger: b = {float(ledger.bias):+.5g} by {calls} operation calls, ")
    largest = ledger.largest(1)[0]
    assert rows[0].split() == [str(largest.address), f"{float(largest.contribution):+.5g}"]
    assert rows[-1] == f"  {calls - 5} others"
    assert lines(explanation.linearization.ledger())[0].startswith("Ledger: ‖b‖ = ")


def test_a_region_tells_its_borders(explanation):
    first, *rows = lines(explanation.region)
    assert first == ("Region around an input of shape (1, 12): 84 borders at 7 operation calls")
    assert [row.split()[-1] for row in rows] == ["12", "12", "12", "48"]


def test_a_reduction_tells_shares_that_sum_to_one(explanation):
    reduction = explanation.reduce()
    first, *rows = lines(reduction)
    assert first.startswith(f"Reduction: {float(reduction.values.sum()):+.5g} by ")
    assert sum(int(row.split()[-1].rstrip("%")) for row in rows) == pytest.approx(100, abs=2)


def test_an_evolution_tells_its_first_layers(explanation):
    evolution = specxai.evolve(explanation.linearization.model, explanation.x, target=0)
    first, *rows = lines(evolution)
    assert first == (
        "Evolution of Sequential: output 0 at 7 layers; the component of largest σ at each"
    )
    assert rows[0].split()[:4] == ["1", "r", "=", str(evolution.layers[0].rank)]
    assert rows[-1] == "  1 other"


def test_a_similarity_tells_its_groups(explanation):
    pytest.importorskip("scipy")
    other = specxai.explain(explanation.linearization.model, -explanation.x, "1", 0)
    similar = specxai.similarity([explanation, explanation, other], threshold=0.999)
    first, row = lines(similar)
    assert "component 0 by singular_value of 3 results: 1 group" in first
    assert first.endswith("; 1 alone")
    assert sorted(row.replace(",", "").split()) == ["0", "1", "1.000", "2", "results"]
    with pytest.raises(specxai.SpecxaiError, match="give several in a list"):
        specxai.similarity(explanation)
