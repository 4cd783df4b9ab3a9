"""Build a network with random weights that are the same every time."""

from collections.abc import Callable

import torch
from torch import nn

_SEED = 0


def build_seeded(build: Callable[[], nn.Module]) -> nn.Module:
    """Build a network under a fixed seed and leave the global random state untouched.

    Args:
        build: Makes the network with random weights.

    Returns:
        The network.
    """
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        return build()
