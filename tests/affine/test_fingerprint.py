import copy

import pytest
import torch
from torch import nn

from specxai.affine import fingerprint


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()


def test_copies_and_wrappers_have_the_same():
    model = net()
    assert fingerprint(model) == fingerprint(net()) == fingerprint(copy.deepcopy(model))
    assert fingerprint(nn.DataParallel(model)) == fingerprint(model)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m[0].weight.data[0, 0, 0, 0].mul_(1 + 1e-6),
        lambda m: m[1].running_mean.add_(1e-6),  # a buffer
        lambda m: m[1].num_batches_tracked.add_(1),  # of integers and no dimension
        lambda m: m.double(),
        lambda m: setattr(m[0], "weight", nn.Parameter(m[0].weight.detach().reshape(2, 9, 1, 1))),
        lambda m: m.append(nn.Linear(1, 1)),
    ],
)
def test_any_change_changes_it(change):
    model = net()
    before = fingerprint(model)
    change(model)
    assert fingerprint(model) != before


def test_names_count():
    layer = nn.Linear(2, 2)
    assert fingerprint(nn.ModuleDict({"a": layer})) != fingerprint(nn.ModuleDict({"b": layer}))


def test_tied_weights_are_not_untied_ones():
    tied = nn.ModuleDict({"a": nn.Linear(2, 2)})
    alone = fingerprint(tied)
    tied["b"] = tied["a"]
    assert fingerprint(tied) != alone
