"""Choose the loader for the form in which a model is named."""

import re
from collections.abc import Callable

from specxai.errors import LoadError
from specxai.models.demo import load_demo
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
_FORMS = (
    "torchvision:NAME, timm:NAME, demo:efficientnet-lite0|1|2, path/to/file.py:callable, file.pt2 "
    "or file.onnx"
)


def load_model(spec: str, weights: str = "default") -> LoadedModel:
    """Load a network.

    Args:
        spec: "torchvision:alexnet", "timm:resnet18", "demo:efficientnet-lite0",
            "path/to/file.py:callable" (runs that file), "file.pt2" (torch.export) or "file.onnx".
        weights: "default", "none" (random, always the same) or a state-dict file
            (.pt, .pth or .safetensors).

    Returns:
        The network, in evaluation mode unless it is the user's own Python.

    Raises:
        LoadError: The network or its weights cannot be loaded.
        MissingExtraError: An optional package is not installed.
    """
    prefix, _, name = spec.partition(":")
    if prefix in _PREFIXES:
        return _PREFIXES[prefix](name, weights)
    if python := _PYTHON.fullmatch(spec):
        return load_python(python["path"], python["attribute"], weights)
    if spec.endswith(".pt2"):
        return load_export(spec, weights)
    if spec.endswith(".onnx"):
        return load_onnx(spec, weights)
    raise LoadError(f"model {spec!r} is not of a known form: give {_FORMS}")
