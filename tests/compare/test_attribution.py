"""Samples are counted as they go through a network, and the counter goes away."""

import pytest
import torch
from torch import nn

from specxai.compare import Passes


def test_samples_of_a_batch_are_counted_one_by_one_forward_and_backward() -> None:
    net, passes = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), Passes()
    with passes.watch(net):
        with torch.no_grad():
            net(torch.ones(5, 3))
        net(torch.ones(2, 3))  # never differentiated
        net(torch.ones(3, 3)).sum().backward()
        with passes.by_hand():
            net(torch.ones(7, 3)).sum().backward()
    net(torch.ones(1, 3)).sum().backward()
    assert (passes.forward, passes.backward) == (10, 3)


def test_the_counter_goes_away_with_a_fault() -> None:
    net, passes = nn.Linear(3, 2), Passes()
    with pytest.raises(RuntimeError), passes.watch(net), passes.by_hand():
        net(torch.ones(1, 4))
    assert not net._forward_hooks
    assert not passes.paused
