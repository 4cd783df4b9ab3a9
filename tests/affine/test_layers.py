import pytest
import torch

import zoo
from reference import dense
from specxai.affine import linearize
from specxai.affine.layers import count_active_units


@pytest.mark.parametrize("name", zoo.names())
def test_active_units_are_the_nonzero_rows(name):
    net = zoo.build(name)
    truth = torch.tensor(dense(net.model, net.x, net.layer).R).any(1)
    assert linearize(net.model, net.x).right(net.layer).active.equal(truth)


@pytest.mark.parametrize("name", ["in-place at a branch", "third call", "pair inside"])
def test_counts_of_all_layers(name):
    net = zoo.build(name)
    counts = count_active_units(linearize(net.model, net.x))
    assert counts
    for address, count in counts.items():
        assert count == int(dense(net.model, net.x, address).R.any(1).sum())


def test_tuple_outputs_are_left_out():
    net = zoo.build("pair inside")
    assert set(count_active_units(linearize(net.model, net.x))) == {"join", "head"}
