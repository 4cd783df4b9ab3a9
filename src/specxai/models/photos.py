"""The demo photos, from scikit-image: demo:chelsea."""

from PIL import Image

from specxai.errors import LoadError, MissingExtraError

_ALIASES = {"cat": "chelsea"}
_BOXES: dict[str, tuple[int, int, int, int] | None] = {
    "chelsea": (80, 0, 380, 300),  # the square around the face
    "coffee": None,
    "astronaut": None,
    "rocket": None,
}


def demo_photo(name: str) -> Image.Image:
    """Load a demo photo.

    Args:
        name: "chelsea" (or "cat"), "coffee", "astronaut" or "rocket".

    Returns:
        The photo, RGB; chelsea is cropped to a square.

    Raises:
        LoadError: There is no such photo.
        MissingExtraError: scikit-image is not installed.
    """
    name = _ALIASES.get(name, name)
    if name not in _BOXES:
        known = ", ".join(f"demo:{photo}" for photo in _BOXES)
        raise LoadError(f"there is no demo photo {name!r}: give one of {known}")
    try:
        from skimage import data
    except ImportError as error:
        raise MissingExtraError(f"demo:{name}", "demo") from error
    photo = Image.fromarray(getattr(data, name)()).convert("RGB")
    box = _BOXES[name]
    return photo.crop(box) if box else photo
