"""Networks of the user's own Python: path/to/file.py:callable."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from torch import nn

from specxai.errors import LoadError
from specxai.models.existing_file import existing_file
from specxai.models.loaded import LoadedModel
from specxai.models.reason import reason
from specxai.models.state_dict import load_weights


def load_python(path: str, attribute: str, weights: str) -> LoadedModel:
    """Import a Python file and take the network that it makes.

    Args:
        path: The file; this is the one form of model that runs code.
        attribute: A network, or something to call without arguments that returns one.
        weights: "default" or "none" (as made), or a state-dict file to load into it.

    Returns:
        The network, in the train or evaluation mode it was given.

    Raises:
        LoadError: The file cannot be imported, or does not make a network.
    """
    file = existing_file(path, "model")
    module = _make(_import(file), file, attribute)
    if weights not in {"default", "none"}:
        load_weights(module, weights)
    return LoadedModel(name=f"{file.name}:{attribute}", module=module)


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
        raise LoadError(
            f"model '{file}' has no attribute {attribute!r}; name one that is in the file"
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
