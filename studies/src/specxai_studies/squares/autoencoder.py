"""The paper's auto-encoder of flattened images."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

WIDTHS = (4096, 512, 128, 8)


def build_autoencoder(biases: bool, seed: int, widths: Sequence[int] = WIDTHS) -> nn.Sequential:
    """Make a fully connected auto-encoder with ReLU between its layers and a linear end.

    Weights start as PyTorch draws them. Larger ones, such as those of He et al., close all units of
    the narrow middle within the first steps, and none opens again.

    Args:
        biases: whether the layers have them.
        seed: of the weights; the global random state is left untouched.
        widths: from the input to the middle; the decoder goes the same way back.

    Returns:
        Modules ``encoder`` and ``decoder``, in training mode.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = _stack(widths, biases)
        decoder = _stack(widths[::-1], biases)[:-1]
    network = nn.Sequential()
    network.add_module("encoder", encoder)
    network.add_module("decoder", decoder)
    return network


def _stack(widths: Sequence[int], biases: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs, bias=biases), nn.ReLU()]
    return nn.Sequential(*layers)
