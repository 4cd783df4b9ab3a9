"""The affine map, the ledger and adjointness on networks as users bring them."""

import re

import pytest
import timm
import torch
from sweep.catalogue import catalogue
from sweep.findings import REFUSED, WRONG
from sweep.page import PAGE, SWEEP, TESTS

import architectures

BOUNDS = {torch.float64: (1e-9, 1e-9, 1e-10), torch.float32: (1e-4, 1e-4, 1e-4)}


@pytest.fixture(scope="module", params=architectures.CASES)
def network(request):
    return architectures.build(request.param)


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.slow
@pytest.mark.parametrize("dtype", BOUNDS)
def test_it_adds_up(network, dtype):
    rule, case = network
    lin = architectures.linearized(case.to(dtype), rule)
    found = architectures.measure_sums(lin)
    additivity, ledger, adjointness = BOUNDS[dtype]
    assert found.additivity <= additivity
    assert found.ledger <= ledger
    assert found.adjointness <= adjointness
    assert lin.exactness == (f"convention: {rule}" if lin.conventional else "canonical")


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.slow
@pytest.mark.parametrize("dtype", BOUNDS)
def test_it_adds_up_from_a_baseline_too(network, dtype):
    rule, case = network
    lin = architectures.linearized(case.to(dtype), rule, "zero")
    found = architectures.measure_sums(lin)
    additivity, _, adjointness = BOUNDS[dtype]
    assert found.additivity <= additivity
    # Slopes of a norm are large from embeddings of zero: terms far larger than y cancel in y₀.
    assert found.ledger <= {torch.float64: 1e-9, torch.float32: 2e-3}[dtype]
    assert found.adjointness <= adjointness
    assert lin.exactness == "from a baseline"


def rows(heading):
    """The rows of the table under a heading of the page, as lists of cells."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)[1]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return table[2:]


def test_the_table_in_the_documentation_lists_these_networks():
    assert [row[0] for row in rows(TESTS)] == list(architectures.CASES)


def test_the_sweep_in_the_documentation_lists_every_network_and_finds_none_wrong():
    verdicts = {name: verdict for name, verdict, *_ in rows(SWEEP)}
    listed = {name for name in verdicts if name.split()[0] != "timm"}
    known = {name for name in catalogue() if name.split()[0] != "timm"}
    families = set(timm.list_modules())  # of the release that is installed here
    assert listed == known
    assert families & {name.split()[1].strip(":") for name in verdicts if name[:4] == "timm"}
    assert WRONG not in verdicts.values()
    assert list(verdicts.values()).count(REFUSED) <= 0.03 * len(verdicts)
