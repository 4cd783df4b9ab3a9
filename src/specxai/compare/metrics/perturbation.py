"""Deletion and insertion: does the output follow the pixels that are said to matter?"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.compare.metrics.measure import Measure
from specxai.errors import MissingExtraError

FAITHFUL = "Does the output follow the map?"
DELETION = Measure(
    FAITHFUL,
    "deletion",
    "lower",
    "area under the target's softmax probability as pixels, largest attribution first, are "
    "replaced by the mean colour of the picture (pixel flipping, Samek et al. 2017; deletion, "
    "Petsiuk et al. 2018)",
    "a picture with holes is none that the network was made for: fine noise can win",
)
INSERTION = Measure(
    FAITHFUL,
    "insertion",
    "higher",
    "area under the target's softmax probability as pixels, largest attribution first, are put "
    "into the blurred picture (insertion, Petsiuk et al. 2018)",
    "maps of smooth areas win over maps of scattered pixels, whichever the network goes by",
)

# Samples that go through the network at a time.
_BATCH = 8
# Standard deviation of the blur, in parts of the shorter side: 11 pixels of 224.
_BLUR = 0.05


def mean_color(x: Float[Tensor, "1 C H W"]) -> Float[Tensor, "1 C H W"]:
    """Return a picture of one colour: each channel's mean."""
    return x.mean((2, 3), keepdim=True).expand_as(x)


def blurred(x: Float[Tensor, "1 C H W"]) -> Float[Tensor, "1 C H W"]:
    """Return a picture after a Gaussian blur by a twentieth of its shorter side.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.ndimage import gaussian_filter
    except ImportError as error:
        raise MissingExtraError("a blurred picture", "compare") from error
    sigma = _BLUR * min(x.shape[2:])
    soft = gaussian_filter(x.detach().cpu().numpy(), sigma, mode="nearest", axes=(2, 3))
    return torch.from_numpy(soft).to(x)


def deletion_curve(
    model: nn.Module,
    x: Float[Tensor, "1 C H W"],
    target: int,
    map: Float[Tensor, "H W"],
    baseline: Float[Tensor, "1 C H W"],
    fractions: Sequence[float],
) -> Float[Tensor, " n"]:
    """Return the probability of the target with the leading pixels replaced (Samek, Petsiuk).

    A low curve speaks for the map. Its weakness: a picture with holes is none that the network was
    made for.

    Args:
        model: the network, in eval mode.
        x: the input.
        target: number of the output.
        map: contribution of each pixel; the largest, not the largest in size, go first.
        baseline: what takes their place.
        fractions: of the pixels, from 0 to 1.

    Returns:
        Softmax probability at each fraction, float64.
    """
    return _curve(model, x, baseline, target, map, fractions)


def insertion_curve(
    model: nn.Module,
    x: Float[Tensor, "1 C H W"],
    target: int,
    map: Float[Tensor, "H W"],
    baseline: Float[Tensor, "1 C H W"],
    fractions: Sequence[float],
) -> Float[Tensor, " n"]:
    """Return the probability of the target with only the leading pixels in place (Petsiuk).

    A high curve speaks for the map. The arguments, and the weakness, are those of
    `deletion_curve`.
    """
    return _curve(model, baseline, x, target, map, fractions)


def area(fractions: Sequence[float], curve: Float[Tensor, " n"]) -> float:
    """Return the area under a curve over fractions from 0 to 1, by trapezoids."""
    return float(
        torch.trapezoid(curve.double(), torch.tensor(list(fractions), dtype=torch.float64))
    )


def _curve(
    model: nn.Module,
    first: Tensor,
    then: Tensor,
    target: int,
    map: Tensor,
    fractions: Sequence[float],
) -> Tensor:
    """Replace the leading pixels of one picture by those of another."""
    order = map.flatten().argsort(descending=True, stable=True)
    rank = order.argsort().reshape(map.shape).to(first.device)
    counts = [round(fraction * len(order)) for fraction in fractions]
    probabilities = []
    with torch.no_grad():
        for start in range(0, len(counts), _BATCH):
            batch = [
                torch.where(rank < count, then, first) for count in counts[start : start + _BATCH]
            ]
            probabilities.append(model(torch.cat(batch)).double().softmax(1)[:, target].cpu())
    return torch.cat(probabilities)
