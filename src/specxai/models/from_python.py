"""Networks of the user's own Python: path/to/file.py:callable."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image
from torch import Tensor, nn

from specxai.closest import closest
from specxai.errors import LoadError, reason
from specxai.models.builders import builders
from specxai.models.declared import read_declared
from specxai.models.loaded import LoadedModel
from specxai.models.user_files import existing_file
from specxai.models.weights import load_weights


def load_python(path: str, attribute: str, weights: str) -> LoadedModel:
    """Import a Python file and take the network that it makes.

    A function ``preprocess`` beside it, if there is one, prepares pictures: it takes an RGB picture
    of Pillow and returns a tensor (1, C, H, W), of one shape for pictures of any size. ``CLASSES``
    or ``OUTPUTS`` names its outputs; ``FEATURES``, ``UNITS`` and ``GROUPS`` its inputs: see
    `Declared`.

    Args:
        path: The file; this is the one form of model that runs code.
        attribute: A network, or something to call without arguments that returns one.
        weights: "default" or "none" (as made), or a state-dict file to load into it.

    Returns:
        The network, in the train or evaluation mode it was given.

    Raises:
        LoadError: The file cannot be imported, does not make a network, prepares no pictures, or
            names outputs or inputs wrongly.
    """
    file = existing_file(path, "model")
    namespace = _import(file)
    module = _make(namespace, file, attribute)
    if weights not in {"default", "none"}:
        load_weights(module, weights)
    preprocess = getattr(namespace, "preprocess", None)
    return LoadedModel(
        name=f"{file.name}:{attribute}",
        module=module,
        input_shape=None if preprocess is None else _prepared_shape(preprocess, file),
        preprocess=preprocess,
        **vars(read_declared(namespace, file)),
    )


def _import(file: Path) -> ModuleType:
    name = f"_specxai_model_{file.stem}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise LoadError(f"model '{file}' is not a Python file; give path/to/file.py:callable")
    namespace = module_from_spec(spec)
    sys.modules[name] = namespace
    sys.path.insert(0, str(file.parent.resolve()))  # so that it finds its neighbours
    try:
        spec.loader.exec_module(namespace)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise LoadError(
            f"model '{file}' cannot be imported ({reason(error)}); check that it runs by itself"
        ) from error
    finally:
        sys.path.remove(str(file.parent.resolve()))
    return namespace


def _make(namespace: ModuleType, file: Path, attribute: str) -> nn.Module:
    try:
        made = getattr(namespace, attribute)
    except AttributeError as error:
        offered = builders(file)
        near = closest(attribute, offered) or offered[:3]
        raise LoadError(
            f"model '{file}' has no attribute {attribute!r}; name one that is in the file"
            + (f", such as {', '.join(near)}" if near else "")
        ) from error
    if not isinstance(made, nn.Module) and callable(made):
        try:
            made = made()
        except (Exception, SystemExit) as error:
            raise LoadError(
                f"model '{file}': {attribute}() failed ({reason(error)}); "
                "it must return an nn.Module when called without arguments"
            ) from error
    if not isinstance(made, nn.Module):
        raise LoadError(
            f"model '{file}': {attribute} gives a {type(made).__name__}; it must be an nn.Module "
            "or return one"
        )
    return made


def _prepared_shape(preprocess: Any, file: Path) -> tuple[int, ...]:
    """Return the shape (C, H, W) that pictures are prepared to, whatever their size."""
    try:
        prepared = [preprocess(Image.new("RGB", size)) for size in ((256, 256), (300, 200))]
    except Exception as error:
        raise LoadError(
            f"model '{file}': preprocess() failed ({reason(error)}); it must take an RGB picture"
        ) from error
    shapes = {tuple(each.shape) if isinstance(each, Tensor) else None for each in prepared}
    shape = shapes.pop()
    if shapes or shape is None or len(shape) != 4 or shape[0] != 1:
        raise LoadError(
            f"model '{file}': preprocess() must return a tensor (1, C, H, W), of one shape for "
            "pictures of any size"
        )
    return shape[1:]
