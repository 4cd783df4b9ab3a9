"""Gray pictures of more than 8 bits, brought to 8 by a range that is said."""

from typing import Any

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image

from specxai.errors import LoadError

# How many bits the values of a 16-bit picture are taken to have: the fewest they fit into.
_DEPTHS = (8, 12, 16)
_WHITE_IS_ZERO = 0
_PHOTOMETRIC = 262  # a tag of TIFF


def is_deep(image: Image.Image) -> bool:
    """Tell whether a picture has one channel of 16-bit, 32-bit or floating-point values."""
    return image.mode in {"I", "F"} or image.mode.startswith("I;16")


def white_is_zero(image: Image.Image) -> bool:
    """Tell whether a TIFF says of its values that the least is white, as X-ray pictures may."""
    tags = getattr(image, "tag_v2", {})
    return is_deep(image) and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def to_8_bits(image: Image.Image, name: str, inverted: bool = False) -> tuple[Image.Image, str]:
    """Bring a deep picture to 8 bits.

    Integers count from 0 to the largest of 8, 12 or 16 bits that they fit into; floating-point
    values in [0, 1] from 0 to 1; others from the picture's least value to its largest.

    Args:
        image: One channel of 16-bit, 32-bit or floating-point values.
        name: What to call it in errors.
        inverted: Whether the least value is white.

    Returns:
        The picture, L or, where it names a transparent value, LA; and the range that was assumed.

    Raises:
        LoadError: A value is not finite.
    """
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise LoadError(f"input '{name}' holds NaN or infinite pixels: replace them first")
    low, high, note = _range(values)
    levels = _levels(values, low, high)
    gray = Image.fromarray(255 - levels if inverted else levels)
    if isinstance(image.info.get("transparency"), int):
        seen = (values != image.info["transparency"]).astype(np.uint8) * 255
        gray.putalpha(Image.fromarray(seen))
    return gray, f"{note} taken as {'white…black' if inverted else 'black…white'}"


def _range(values: Num[np.ndarray, "H W"]) -> tuple[float, float, str]:
    """Return which values are black and white, and how to say so."""
    least, most = float(values.min()), float(values.max())
    if values.dtype.kind == "f":
        if least >= 0 and most <= 1:
            return 0.0, 1.0, "floating-point picture, 0…1"
        return least, most, f"floating-point picture, its range {least:.6g}…{most:.6g}"
    if least < 0 or most >= 2 ** _DEPTHS[-1]:
        return least, most, f"32-bit picture, its range {least:.0f}…{most:.0f}"
    depth = next(bits for bits in _DEPTHS if most < 2**bits)
    stored = 8 * values.dtype.itemsize
    only = "" if depth == _DEPTHS[-1] else f" with values of {depth} bits (at most {most:.0f})"
    return 0.0, float(2**depth - 1), f"{stored}-bit picture{only}, 0…{2**depth - 1}"


def _levels(values: Num[np.ndarray, "H W"], low: float, high: float) -> UInt8[np.ndarray, "H W"]:
    share: Any = (values.astype(np.float64) - low) / ((high - low) or 1)
    levels: UInt8[np.ndarray, "H W"] = np.rint(share * 255).astype(np.uint8)
    return levels
