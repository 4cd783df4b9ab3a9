"""Panels that show an input, or a component of it, by the kind of the input."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from specxai.plots.heatmap import draw_heatmap, fitting_aspect, to_array
from specxai.plots.profile import draw_profile
from specxai.plots.style import FAINT, INK, SMALL, TEXT, count_along_x, few_values_along_y, quiet
from specxai.spectral.records.contraction import summed_dim

InputKind = Literal["image", "sequence", "features", "flat"]

POSITIONS = {"sequence": "position", "features": "feature", "flat": "value of the flattened input"}

_NAMES = {"sequence": "sequence", "features": "vector", "flat": "flattened"}


def kind_of(x: Float[Tensor, "1 ..."]) -> InputKind:
    """Tell how an input is best seen, from its shape.

    Args:
        x: (1, C, H, W) is an image, (1, C, L) a sequence, (1, F) features; points (1, P, 3) and
            any other shape are seen flat.
    """
    if x.ndim == 3 and x.shape[2] == 3 < x.shape[1]:
        return "flat"
    kinds: dict[int, InputKind] = {4: "image", 3: "sequence", 2: "features"}
    return kinds.get(x.ndim, "flat")


def contracted_dim(x: Float[Tensor, "1 ..."], named: int | None = None) -> int | None:
    """Return the dimension that heat maps of an input are summed over (23); None for none.

    Args:
        x: the input.
        named: the dimension whose positions have names; None where none has.
    """
    return None if kind_of(x) == "flat" else summed_dim(x, "auto", named)


def draw_component(
    axes: Axes, values: Float[np.ndarray, "..."], kind: InputKind, percentile: float
) -> None:
    """Draw the heat map of one component.

    Args:
        axes: where to draw.
        values: φ_k ⊙ x after contraction, in units of φ·x.
        kind: of the input.
        percentile: limit of the colours of an image's map.
    """
    if kind == "image":
        draw_heatmap(axes, values, percentile=percentile, note=False)
    else:
        draw_profile(axes, values.reshape(-1), POSITIONS[kind], stems=kind == "features")


def draw_input(axes: Axes, x: Float[Tensor, "1 ..."], image: Image.Image | None) -> None:
    """Draw an input under its name: the picture it was made from, or its values.

    Args:
        axes: where to draw.
        x: the input; the values of an image are rescaled to its own range.
        image: the picture, if there is one.
    """
    kind, values = kind_of(x), to_array(x)[0]
    if image is not None:
        draw_picture(axes, np.asarray(image.convert("RGB")) / 255)
        name = f"picture\n{image.width} × {image.height}"
    elif kind == "image":
        channels, height, width = values.shape
        draw_picture(axes, rescaled_picture(x))
        name = f"{'mean of channels, ' if channels not in (1, 3) else ''}rescaled"
        name += f"\n{width} × {height}, {counted(channels, 'channel')}"
    else:
        draw_values(axes, x)
        name = f"{_NAMES[kind]}\n{counted(values.size, 'value')}"
        if kind == "sequence" and len(values) > 1:
            name = f"{_NAMES[kind]}\n{len(values)} channels of {counted(values.shape[1], 'value')}"
    axes.set_title(name, fontsize=TEXT, color=INK, loc="left", linespacing=1.35)


def draw_picture(axes: Axes, picture: Float[np.ndarray, "H W C"]) -> None:
    """Draw a picture of 1 or 3 channels, from 0 to 1, without axes."""
    shown = picture if picture.shape[2] == 3 else picture[:, :, 0]
    axes.imshow(shown, cmap="gray", vmin=0, vmax=1, aspect=fitting_aspect(*shown.shape[:2]))
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.5)
    axes.set_anchor("N")


def draw_values(axes: Axes, x: Float[Tensor, "1 ..."]) -> None:
    """Draw an input that is no image: one line for each channel of a sequence, or a profile."""
    kind, values = kind_of(x), to_array(x)[0]
    if kind == "sequence" and len(values) > 1:
        colors = colormaps["viridis"](np.linspace(0, 0.85, len(values)))
        for channel, color in zip(values, colors, strict=True):
            axes.plot(channel, color=color, linewidth=0.8)
        quiet(axes)
        count_along_x(axes, values.shape[1])
        few_values_along_y(axes)
        axes.set_xlabel(POSITIONS[kind], fontsize=SMALL, color=INK)
    else:
        draw_profile(axes, values.reshape(-1), POSITIONS[kind], stems=kind == "features")


def rescaled_picture(x: Float[Tensor, "1 channels H W"]) -> Float[np.ndarray, "H W C"]:
    """Return an input as a picture: its 1 or 3 channels, or the mean of others, from 0 to 1.

    Args:
        x: the input; its own range becomes 0 … 1, and a constant one half.
    """
    values = to_array(x)[0]
    shown = values if len(values) in (1, 3) else values.mean(0, keepdims=True)
    return _rescaled(shown.transpose(1, 2, 0))


def _rescaled(values: Float[np.ndarray, "H W C"]) -> Float[np.ndarray, "H W C"]:
    """Map the range of the values to 0 … 1; a constant to one half."""
    low, high = values.min(), values.max()
    scaled: Float[np.ndarray, "H W C"] = (
        (values - low) / (high - low) if high > low else np.full_like(values, 0.5)
    )
    return scaled


def counted(count: int, thing: str) -> str:
    """Count things, such as ``1 value`` or ``2,000 values``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
