"""Choose the loader for the form in which a model is named."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike

from specxai.errors import LoadError
from specxai.models.declared import class_names, read_class_names
from specxai.models.demo import load_demo
from specxai.models.forms import what_to_write
from specxai.models.from_export import load_export
from specxai.models.from_onnx import load_onnx
from specxai.models.from_python import load_python
from specxai.models.from_timm import load_timm
from specxai.models.from_torchvision import load_torchvision
from specxai.models.loaded import LoadedModel

_PREFIXES: dict[str, Callable[[str, str], LoadedModel]] = {
    "torchvision": load_torchvision,
    "timm": load_timm,
    "demo": load_demo,
}
_PYTHON = re.compile(r"(?P<path>.+\.py):(?P<attribute>\w+)")


def load_model(
    spec: str,
    weights: str = "default",
    classes: str | PathLike[str] | Sequence[str] | Mapping[int, str] | None = None,
) -> LoadedModel:
    """Load a network.

    Args:
        spec: "torchvision:alexnet", "timm:resnet18", "demo:efficientnet-lite0",
            "path/to/file.py:callable" (runs that file), "file.pt2" (torch.export) or "file.onnx".
        weights: "default", "none" (random, always the same) or a state-dict file
            (.pt, .pth or .safetensors).
        classes: The name of each output, in place of those that the network brings: a list, a
            mapping from numbers, or a file that `read_class_names` reads.

    Returns:
        The network, in evaluation mode unless it is the user's own Python.

    Raises:
        LoadError: The network, its weights or its class names cannot be loaded.
        MissingExtraError: An optional package is not installed.
    """
    if classes is None:
        return _loaded(spec, weights)
    if isinstance(classes, str | PathLike):
        names = read_class_names(classes)
    else:
        names = class_names(classes)
    return replace(_loaded(spec, weights), classes=names)


def _loaded(spec: str, weights: str) -> LoadedModel:
    prefix, _, name = spec.partition(":")
    if prefix in _PREFIXES:
        return _PREFIXES[prefix](name, weights)
    if python := _PYTHON.fullmatch(spec):
        return load_python(python["path"], python["attribute"], weights)
    if spec.endswith(".pt2"):
        return load_export(spec, weights)
    if spec.endswith(".onnx"):
        return load_onnx(spec, weights)
    raise LoadError(f"model {spec!r} {what_to_write(spec)}")
