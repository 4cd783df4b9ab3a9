"""Picture files as 8-bit RGB, whatever they hold, with a word on what was assumed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, ImageColor, ImageOps

from specxai.errors import LoadError, reason

_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}

# How many bits the values of a 16-bit picture are taken to have: the fewest they fit into.
_DEPTHS = (8, 12, 16)
_WHITE_IS_ZERO = 0
_PHOTOMETRIC = 262  # a tag of TIFF


@dataclass(frozen=True)
class Picture:
    """A picture that was read.

    Args:
        image: The picture, 8-bit RGB.
        note: What was assumed in reading it; empty where nothing was.
    """

    image: Image.Image
    note: str = ""


def open_picture(file: Path, background: str | None = None) -> Picture:
    """Open a picture as 8-bit RGB, turned as its camera says.

    Args:
        file: The picture. One of more than 8 bits is read by its range; of an animation the
            first frame is taken.
        background: The colour behind transparent pixels: a name or #rrggbb.

    Returns:
        The picture, and a note on range, background and frame.

    Raises:
        LoadError: It is no picture that can be read, has several pages, or has transparent pixels
            and no background was named, or a background that is no colour.
    """
    color = None if background is None else read_color(background)
    try:
        # As a stream: Pillow scrambles turned TIFFs that it maps from a path.
        with file.open("rb") as stream, Image.open(stream) as opened:
            notes = [_page_note(opened, file), _color_note(opened)]
            inverted = white_is_zero(opened)
            image = ImageOps.exif_transpose(opened)
            if is_deep(image):
                image, note = to_8_bits(image, str(file), inverted)
                notes.append(note)
            if _is_transparent(image):
                image = _flattened(image, color, file)
                notes.append(f"transparent pixels on {background}")
            return Picture(image.convert("RGB"), "; ".join(filter(None, notes)))
    except LoadError:
        raise
    except Image.DecompressionBombError as error:
        raise LoadError(f"input '{file}' has too many pixels: make the picture smaller") from error
    except Exception as error:  # decoders raise many kinds
        raise LoadError(
            f"input '{file}' is not a readable picture ({reason(error)}); "
            "give a picture, .npy, .safetensors or demo:chelsea"
        ) from error


def read_color(text: str) -> tuple[int, int, int]:
    """Read an opaque colour: a name such as white, or #rrggbb.

    Raises:
        LoadError: It is none.

    >>> read_color("#ff8000")
    (255, 128, 0)
    """
    wrong = f"background {text!r} is no colour: give white, black or #rrggbb"
    try:
        channels = ImageColor.getrgb(text)
    except ValueError as error:
        raise LoadError(wrong) from error
    if len(channels) != 3:
        raise LoadError(wrong)
    return channels


def _page_note(image: Image.Image, file: Path) -> str:
    """Say that an animation has more frames; refuse a TIFF of several pages."""
    count = getattr(image, "n_frames", 1)
    if count == 1:
        return ""
    if image.format == "TIFF":
        raise LoadError(
            f"input '{file}' has {count} pages: save the one to explain as a picture of its own"
        )
    return f"the first of {count} frames" if image.format in _ANIMATED else ""


def _color_note(image: Image.Image) -> str:
    """Say that Pillow brings colours of 16 bits to 8; to be asked before the pixels are read."""
    deep = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    return "" if is_deep(image) or not deep else "16-bit colours, 0…65535 taken as black…white"


def _is_transparent(image: Image.Image) -> bool:
    """Tell whether some pixel is transparent, be it in part."""
    if image.getbands()[-1] not in "Aa" and "transparency" not in image.info:
        return False
    least, _ = image.convert("RGBA").getchannel("A").getextrema()
    return isinstance(least, int) and least < 255


def _flattened(image: Image.Image, color: tuple[int, int, int] | None, file: Path) -> Image.Image:
    if color is None:
        raise LoadError(
            f"input '{file}' has transparent pixels: name the colour behind them, such as "
            "--background white"
        )
    behind = Image.new("RGBA", image.size, color)
    behind.alpha_composite(image.convert("RGBA"))
    return behind


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
