"""Sensitivity to the model: is a network of random weights explained in another way?

Layers are given random weights one after the other, from the output down (cascading
randomisation, Adebayo et al. 2018). An attribution that hardly changes did not explain the network.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine import linearize
from specxai.compare.metrics.measure import Measure
from specxai.errors import MissingExtraError

_QUESTION = "Does the map depend on the network?"
_ABOUT = "Spearman's rank correlation of {maps} with and without the weights of the last layers "
_ABOUT += "shuffled, from −1 to 1 (cascading randomisation, Adebayo et al. 2018)"
SIMILARITY = Measure(
    _QUESTION,
    "similarity of maps",
    "zero",
    _ABOUT.format(maps="the map"),
    "what a map shares with the picture, it keeps: × input alone correlates",
)
SIMILARITY_OF_SIZES = Measure(
    _QUESTION,
    "similarity of |maps|",
    "zero",
    _ABOUT.format(maps="|map|"),
    "the architecture alone shapes a map: it stays when the weights go",
)


def weighted_layers(model: nn.Module, x: Float[Tensor, "1 ..."]) -> list[str]:
    """List the modules with weights of their own, from the output back to the input.

    Args:
        model: the network.
        x: an input to run it on.

    Returns:
        Paths, in the order of their last calls; what is never called as a module comes last.
    """
    own = [name for name, each in model.named_modules() if [*each.parameters(recurse=False)]]
    called = [site.module for site in reversed(linearize(model, x).sites)]
    return [name for name in dict.fromkeys((*called, *reversed(own))) if name in own]


def random_depths(layers: int, steps: int) -> list[int]:
    """Return how many of the last layers are random at each step, in equal ratios, up to all.

    >>> random_depths(100, 3), random_depths(100, 1), random_depths(2, 3)
    ([1, 10, 100], [100], [1, 2])
    """
    return sorted({round(depth) for depth in np.geomspace(layers, 1, steps)})


def randomized_copies(
    model: nn.Module, layers: Sequence[str], depths: Sequence[int], seed: int
) -> Iterator[nn.Module]:
    """Yield a network with more and more of its layers at random.

    The values of each parameter are shuffled among their places, which keeps their distribution;
    the statistics of batch norms stay.

    Args:
        model: the network, which is not changed.
        layers: paths of modules in the order in which they are shuffled.
        depths: how many are, ascending.
        seed: of the shuffling.

    Yields:
        One and the same copy, shuffled further each time.
    """
    copy = deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for before, depth in zip((0, *depths), depths, strict=False):
        for name in layers[before:depth]:
            for parameter in copy.get_submodule(name).parameters(recurse=False):
                _shuffle(parameter, generator)
        yield copy


def rank_correlation(map: Float[Tensor, "H W"], other: Float[Tensor, "H W"]) -> float:
    """Return Spearman's rank correlation of two maps, from −1 to 1; nearer to 0 is better.

    NaN where one of them is constant, such as that of a Grad-CAM with nothing positive: nothing can
    be said. Its weakness: the architecture alone shapes a map, and so does the picture.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.stats import spearmanr
    except ImportError as error:
        raise MissingExtraError("Spearman's rank correlation", "compare") from error
    if float(map.min()) == float(map.max()) or float(other.min()) == float(other.max()):
        return float("nan")
    return float(spearmanr(map.flatten().cpu().numpy(), other.flatten().cpu().numpy()).statistic)


def _shuffle(parameter: nn.Parameter, generator: torch.Generator) -> None:
    order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
    with torch.no_grad():
        parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
