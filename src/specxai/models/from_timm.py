"""Networks of timm: timm:resnet18."""

from typing import Any

from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from specxai.closest import closest
from specxai.errors import LoadError, MissingExtraError, reason
from specxai.models.loaded import LoadedModel, Preprocess
from specxai.models.user_files import data_only_pickles
from specxai.models.weights import build_seeded, load_weights


def load_timm(architecture: str, weights: str) -> LoadedModel:
    """Load an image classification network of timm.

    Args:
        architecture: Its name in timm, with or without a tag, e.g. "resnet18.a1_in1k".
        weights: "default", "none" (random, always the same) or a state-dict file.

    Returns:
        The network in evaluation mode, with timm's preprocessing for it.

    Raises:
        LoadError: The name is unknown, or the weights cannot be fetched or do not fit.
        MissingExtraError: timm is not installed.
    """
    timm = _import_timm(architecture)
    # Only names of timm's own registry: create_model also takes hub and folder addresses.
    if "/" in architecture or ":" in architecture or not timm.is_model(architecture):
        close = closest(architecture, timm_names()) or ["resnet18", "vgg16"]
        raise LoadError(f"timm has no model {architecture!r}: closest are {', '.join(close)}")
    module = _build(timm, architecture, weights).eval()
    config = timm.data.resolve_model_data_config(module)
    return LoadedModel(
        name=f"timm:{architecture}",
        module=module,
        classes=_classes(timm.data, module),
        input_shape=tuple(config["input_size"]),
        preprocess=_batched(timm.data.create_transform(**config, is_training=False)),
    )


def timm_names() -> list[str]:
    """Return the names of the networks of timm, without tags.

    Raises:
        MissingExtraError: timm is not installed.
    """
    names: list[str] = _import_timm("NAME").list_models()
    return names


def _import_timm(architecture: str) -> Any:
    try:
        import timm
        import timm.data
    except ImportError as error:
        raise MissingExtraError(f"timm:{architecture}", "timm") from error
    return timm


def _build(timm: Any, architecture: str, weights: str) -> nn.Module:
    if weights == "default":
        return _pretrained(timm, architecture)
    try:
        module = build_seeded(lambda: timm.create_model(architecture, pretrained=False))
    except RuntimeError as error:  # an unknown tag
        raise LoadError(f"timm cannot build {architecture!r} ({reason(error)})") from error
    if weights != "none":
        load_weights(module, weights)
    return module


def _pretrained(timm: Any, architecture: str) -> nn.Module:
    try:
        with data_only_pickles():
            module: nn.Module = timm.create_model(architecture, pretrained=True)
    except Exception as error:  # network, cache and tag failures are of many kinds
        raise LoadError(
            f"the weights of timm:{architecture} could not be fetched ({reason(error)}); "
            "use --weights none, --weights FILE or the models demo:efficientnet-lite0, lite1, lite2"
        ) from error
    return module


def _classes(data: Any, module: Any) -> tuple[str, ...] | None:
    subset = data.infer_imagenet_subset(module)
    if subset is None:
        return None
    imagenet = data.ImageNetInfo(subset)
    return tuple(map(imagenet.index_to_description, range(module.num_classes)))


def _batched(transform: Any) -> Preprocess:
    def preprocess(image: Image.Image) -> Float[Tensor, "1 C H W"]:
        tensor: Tensor = transform(image)
        return tensor.unsqueeze(0)

    return preprocess
