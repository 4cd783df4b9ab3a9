"""Sensitivity to the model (Adebayo et al.): is another network explained in another way?

Layers are given random weights one after the other, from the output down. An attribution that
hardly changes did not explain the network. Its weakness: a random network keeps its architecture,
which alone shapes a map.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn


def randomized_copies(model: nn.Module, steps: int, seed: int) -> Iterator[tuple[float, nn.Module]]:
    """Yield copies of a network with more and more of its last layers at random.

    Weights of a layer are shuffled among their places, which keeps their distribution; the
    statistics of batch norms stay.

    Args:
        model: the network, which is not changed.
        steps: how many copies; the last has all layers at random.
        seed: of the shuffling.

    Yields:
        The share of the layers that are random, and the network.
    """
    copy = deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    layers = [module for module in copy.modules() if _own_weights(module)][::-1]
    done = 0
    for step in range(1, steps + 1):
        until = max(round(step * len(layers) / steps), min(step, len(layers)))
        for layer in layers[done:until]:
            for weight in _own_weights(layer):
                _shuffle(weight, generator)
        done = until
        yield done / max(len(layers), 1), copy


def rank_correlation(map: Float[Tensor, "H W"], other: Float[Tensor, "H W"]) -> float:
    """Return Spearman's rank correlation of two maps, 0 where one of them is constant.

    Args:
        map: first map.
        other: second map.
    """
    from scipy.stats import spearmanr

    if float(map.min()) == float(map.max()) or float(other.min()) == float(other.max()):
        return 0.0
    return float(spearmanr(map.flatten().cpu().numpy(), other.flatten().cpu().numpy()).statistic)


def _own_weights(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights of one layer: those of two dimensions and more."""
    return [each for each in module.parameters(recurse=False) if each.ndim > 1]


def _shuffle(weight: nn.Parameter, generator: torch.Generator) -> None:
    order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
    with torch.no_grad():
        weight.copy_(weight.flatten()[order].reshape(weight.shape))
