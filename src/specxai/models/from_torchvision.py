"""Networks of torchvision: torchvision:alexnet."""

from typing import Any

from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from specxai.closest import closest
from specxai.errors import LoadError, MissingExtraError, reason
from specxai.models.loaded import LoadedModel, Preprocess
from specxai.models.user_files import data_only_pickles
from specxai.models.weights import build_seeded, load_weights

# Their own initialisation is slow and warns; the layers' default one serves as well.
_SLOW_TO_INITIALISE = {"googlenet", "inception_v3"}


def load_torchvision(architecture: str, weights: str) -> LoadedModel:
    """Load a classification network of torchvision.

    Args:
        architecture: Its name in torchvision, e.g. "alexnet".
        weights: "default", "none" (random, always the same) or a state-dict file.

    Returns:
        The network in evaluation mode, with the metadata of its default weights.

    Raises:
        LoadError: The name is unknown, or the weights cannot be fetched or do not fit.
        MissingExtraError: torchvision is not installed.
    """
    models = _import_models(architecture)
    known = torchvision_names()
    if architecture not in known:
        close = ", ".join(closest(architecture, known)) or "alexnet, resnet18, vgg16"
        raise LoadError(
            f"torchvision has no classification model {architecture!r}: closest are {close}"
        )
    default = models.get_model_weights(architecture).DEFAULT
    transforms = default.transforms()
    size = transforms.crop_size[0]
    return LoadedModel(
        name=f"torchvision:{architecture}",
        module=_build(models, architecture, weights).eval(),
        classes=tuple(default.meta["categories"]),
        input_shape=(3, size, size),
        preprocess=_batched(transforms),
    )


def torchvision_names() -> list[str]:
    """Return the names of the classification networks of torchvision.

    Raises:
        MissingExtraError: torchvision is not installed.
    """
    models = _import_models("NAME")
    names: list[str] = models.list_models(module=models)
    return names


def _import_models(architecture: str) -> Any:
    try:
        from torchvision import models
    except ImportError as error:
        raise MissingExtraError(f"torchvision:{architecture}", "vision") from error
    return models


def _build(models: Any, architecture: str, weights: str) -> nn.Module:
    if weights == "default":
        return _pretrained(models, architecture)
    options = {"init_weights": False} if architecture in _SLOW_TO_INITIALISE else {}
    module = build_seeded(lambda: models.get_model(architecture, weights=None, **options))
    if weights != "none":
        load_weights(module, weights)
    return module


def _pretrained(models: Any, architecture: str) -> nn.Module:
    try:
        with data_only_pickles():
            module: nn.Module = models.get_model(architecture, weights="DEFAULT")
    except Exception as error:  # network, cache and checksum failures are of many kinds
        raise LoadError(
            f"the weights of torchvision:{architecture} could not be fetched ({reason(error)}); "
            "use --weights none, --weights FILE or the models demo:efficientnet-lite0, lite1, lite2"
        ) from error
    return module


def _batched(transforms: Any) -> Preprocess:
    def preprocess(image: Image.Image) -> Float[Tensor, "1 C H W"]:
        tensor: Tensor = transforms(image)
        return tensor.unsqueeze(0)

    return preprocess
