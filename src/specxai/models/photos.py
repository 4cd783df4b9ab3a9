"""The demo photos, from scikit-image and scikit-learn: demo:chelsea."""

from typing import Any

from PIL import Image

from specxai.errors import LoadError, MissingExtraError

_ALIASES = {"cat": "chelsea"}
_BOXES: dict[str, tuple[int, int, int, int] | None] = {
    "chelsea": (80, 0, 380, 300),  # the square around the face
    "coffee": None,
    "astronaut": None,
    "rocket": None,
    "china": None,
    "flower": None,
}
# These come with scikit-learn, the others with scikit-image.
_OF_SCIKIT_LEARN = {"china", "flower"}


def demo_photo(name: str) -> Image.Image:
    """Load a demo photo.

    Args:
        name: "chelsea" (or "cat"), "coffee", "astronaut", "rocket", "china" or
            "flower".

    Returns:
        The photo, RGB; chelsea is cropped to a square.

    Raises:
        LoadError: There is no such photo.
        MissingExtraError: scikit-image or scikit-learn is not installed.
    """
    name = _ALIASES.get(name, name)
    if name not in _BOXES:
        known = ", ".join(f"demo:{photo}" for photo in _BOXES)
        raise LoadError(f"there is no demo photo {name!r}: give one of {known}")
    try:
        pixels = _from_scikit_learn(name) if name in _OF_SCIKIT_LEARN else _from_scikit_image(name)
    except ImportError as error:
        raise MissingExtraError(f"demo:{name}", "demo") from error
    photo = Image.fromarray(pixels).convert("RGB")
    box = _BOXES[name]
    return photo.crop(box) if box else photo


def _from_scikit_image(name: str) -> Any:
    from skimage import data

    return getattr(data, name)()


def _from_scikit_learn(name: str) -> Any:
    from sklearn.datasets import load_sample_image

    return load_sample_image(f"{name}.jpg")
