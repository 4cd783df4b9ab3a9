"""The affine map, the ledger and adjointness on networks as users bring them."""

import architectures
import pytest
import torch

BOUNDS = {torch.float64: (1e-9, 1e-9, 1e-10), torch.float32: (1e-4, 1e-4, 1e-4)}


@pytest.fixture(scope="module", params=architectures.CASES)
def network(request):
    return architectures.build(request.param)


@pytest.mark.parametrize("dtype", BOUNDS)
def test_it_adds_up(network, dtype):
    rule, case = network
    found = architectures.measure(case.to(dtype), rule)
    additivity, ledger, adjointness = BOUNDS[dtype]
    assert found.additivity <= additivity
    assert found.ledger <= ledger
    assert found.adjointness <= adjointness
    assert found.exactness == (f"convention: {rule}" if found.conventional else "canonical")


def test_the_table_in_the_documentation_lists_these_networks():
    rows = architectures.TABLE.read_text(encoding="utf-8").splitlines()
    listed = [row.split(" | ")[0].removeprefix("| ") for row in rows if row.count("|") == 8]
    assert listed[2:] == list(architectures.CASES)
