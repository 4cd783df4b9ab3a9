"""Signed maps over a picture: red and blue ink, the more the stronger, clear where nothing is."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.image import AxesImage

from specxai.errors import InvalidInputError
from specxai.plots.colorbar import add_colorbar
from specxai.plots.heatmap import Array, fitting_aspect, symmetric_limit, to_array
from specxai.plots.style import FAINT, NEGATIVE, POSITIVE

# The picture is drawn from this grey to white: red and blue are seen on it, and none of it is lost.
_DARKEST = 0.5
# Even the strongest ink lets the picture through.
_DENSEST = 0.9
_GREY = (0.299, 0.587, 0.114)


def _ink() -> Colormap:
    """Blue below zero, red above, their opacity in proportion to the value."""
    colors = np.empty((511, 4))
    colors[:255], colors[255:] = NEGATIVE, POSITIVE
    colors[:, 3] = _DENSEST * np.abs(np.linspace(-1, 1, 511))
    return ListedColormap(colors, "ink")


INK_MAP = _ink()


def draw_overlay(
    axes: Axes,
    values: Float[Array, "h w"],
    picture: Float[np.ndarray, "H W"],
    limit: float | None = None,
    colorbar: bool = True,
) -> AxesImage:
    """Draw a signed map over a picture in grey: red above zero, blue below, clear at zero.

    Args:
        axes: where to draw.
        values: the map, shape (h, w), in any unit; a coarser one than the picture is stretched
            over it in squares.
        picture: its brightness from 0 to 1, shape (H, W); see `brightness`.
        limit: value of the strongest colours; None takes the largest |value|. Give several maps
            the same one to compare them.
        colorbar: whether to draw one below the map.

    Returns:
        The image of the map. Its colour bar is ``image.colorbar``.

    Raises:
        InvalidInputError: a value is NaN or infinite, there are none, or the limit is negative.
    """
    array = to_array(values)
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise InvalidInputError(f"a map needs finite values of shape (H, W), not {array.shape}")
    limit = symmetric_limit(array, 100.0) if limit is None else limit
    if not (limit >= 0 and np.isfinite(limit)):
        raise InvalidInputError(f"limit={limit} is no colour limit: give a finite number above 0")
    height, width = picture.shape
    frame = (-0.5, width - 0.5, height - 0.5, -0.5)
    washed = _DARKEST + (1 - _DARKEST) * picture
    aspect = fitting_aspect(height, width)
    axes.imshow(washed, cmap="gray", vmin=0, vmax=1, extent=frame, aspect=aspect)
    bound = limit or 1.0  # a map of zeros is clear whatever its bound
    smooth = "nearest" if array.shape != picture.shape else "antialiased"
    image = axes.imshow(
        array,
        cmap=INK_MAP,
        vmin=-bound,
        vmax=bound,
        interpolation=smooth,
        extent=frame,
        aspect=aspect,
    )
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.5)
    axes.set_anchor("N")
    if colorbar:
        add_colorbar(image, axes, limit, array)
    return image


def brightness(picture: Float[np.ndarray, "H W C"]) -> Float[np.ndarray, "H W"]:
    """Return the brightness of a picture of 1 or 3 channels, all from 0 to 1."""
    grey: Float[np.ndarray, "H W"] = picture @ (_GREY if picture.shape[2] == 3 else (1.0,))
    return grey
