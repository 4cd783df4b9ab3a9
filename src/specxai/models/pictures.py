"""Picture files as 8-bit RGB, whatever they hold, with a word on what was assumed."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageColor, ImageOps

from specxai.errors import LoadError
from specxai.models.gray_levels import is_deep, to_8_bits, white_is_zero
from specxai.models.reason import reason

_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}


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
