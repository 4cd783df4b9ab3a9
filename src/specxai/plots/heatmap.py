"""Signed heat maps, white at zero."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.plots.colorbar import add_colorbar
from specxai.plots.style import FAINT, SIGNED

Array = np.ndarray | Tensor

# Beyond this ratio of its sides a map is stretched to fill its axes.
_LONGEST_SHAPE = 4


def draw_heatmap(
    axes: Axes,
    values: Float[Array, "H W"],
    limit: float | None = None,
    percentile: float = 99.5,
    note: bool = True,
) -> AxesImage:
    """Draw a signed map in blue, white and red, with a colour bar below it.

    The colours span −limit to limit. Ends of the colour bar are pointed where values lie beyond.

    Args:
        axes: where to draw.
        values: the map, shape (H, W), in any unit.
        limit: value of the darkest colours; None takes the percentile of |values|, and the
            largest |value| where that percentile is 0.
        percentile: from above 0 to 100.
        note: say below the colour bar what its limit is; turn it off where the figure says so.

    Returns:
        The image. Its colour bar is ``image.colorbar``.

    Raises:
        InvalidInputError: values are not finite or not a map, or limit or percentile is out of
            range.
    """
    array = to_array(values)
    if array.ndim != 2 or not array.size:
        raise InvalidInputError(f"a heat map needs shape (H, W), not {array.shape}")
    if not np.isfinite(array).all():
        raise InvalidInputError("a value to draw is NaN or infinite")
    if limit is None:
        limit = symmetric_limit(array, percentile)
        origin = scale_note(percentile, is_sparse(array, percentile))
    else:
        origin = "given colour limit"
    if not (limit >= 0 and np.isfinite(limit)):
        raise InvalidInputError(f"limit={limit} is no colour limit: give a finite number above 0")
    bound = limit or 1.0  # a map of zeros is white whatever its bound
    image = axes.imshow(
        array,
        cmap=SIGNED,
        vmin=-bound,
        vmax=bound,
        interpolation="antialiased",
        aspect=fitting_aspect(*array.shape),
    )
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.5)
    add_colorbar(image, axes, limit, array, origin if note else None)
    axes.set_anchor("N")
    return image


def fitting_aspect(height: int, width: int) -> Literal["auto", "equal"]:
    """Return how a map is fitted into its axes: one of a very long shape is stretched."""
    stretched = max(height, width) > _LONGEST_SHAPE * min(height, width)
    return "auto" if stretched else "equal"


def symmetric_limit(values: Float[np.ndarray, "..."], percentile: float) -> float:
    """Return the percentile of |values|, their maximum where that is 0, or 0 if all are zero.

    Args:
        values: finite numbers.
        percentile: from above 0 to 100.

    Raises:
        InvalidInputError: the percentile is out of range.
    """
    if not 0 < percentile <= 100:
        raise InvalidInputError(f"percentile={percentile}: choose from above 0 to 100")
    magnitudes = np.abs(values)
    return float(np.percentile(magnitudes, percentile)) or float(magnitudes.max())


def scale_note(percentile: float, sparse: bool = False) -> str:
    """Say in a few words what the limits of the colours are.

    Args:
        percentile: of |values|.
        sparse: the percentile is 0 in a map that is not.
    """
    if percentile == 100:
        return "colour limits: ± the largest |value|"
    rest = ", or the largest where that is 0" if sparse else ""
    return f"colour limits: ± percentile {percentile:g} of |values|{rest}"


def is_sparse(values: Float[np.ndarray, "..."], percentile: float) -> bool:
    """Tell whether the percentile of |values| is 0 though not all of them are."""
    return bool(values.any()) and not np.percentile(np.abs(values), percentile)


def to_array(values: Float[Array, "..."]) -> Float[np.ndarray, "..."]:
    """Return values as a float64 array in main memory."""
    if isinstance(values, Tensor):
        return values.detach().double().cpu().numpy()
    return np.asarray(values, dtype=np.float64)
