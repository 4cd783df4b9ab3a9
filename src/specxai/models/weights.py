"""The weights of a network: read from a file as data only, or random and the same every time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from specxai.errors import LoadError
from specxai.models.user_files import existing_file

_SHOWN = 3

_SEED = 0

# Where checkpoints keep a state dict, and what data parallel training puts before each name.
_CHECKPOINT = "state_dict", "model_state_dict"
_PARALLEL = "module."


def load_weights(module: nn.Module, path: str) -> None:
    """Load a state dict from a file into a network; every key and shape must fit.

    What training scripts put around one is taken off: the entry ``state_dict`` of a checkpoint, and
    the ``module.`` in front of all names.

    Args:
        module: The network, changed in place.
        path: A .pt, .pth or .safetensors file.

    Raises:
        LoadError: The file is missing or unreadable, or does not fit the network.
    """
    file = existing_file(path, "weights")
    state, own = _read(file), module.state_dict()
    if not any(name.startswith(_PARALLEL) for name in own):
        state = {name.removeprefix(_PARALLEL): value for name, value in state.items()}
    shapes = {name: tuple(value.shape) for name, value in own.items() if _is_tensor(value)}
    _refuse(file, "lacks", [name for name in own if name not in state])
    _refuse(file, "has unexpected", [name for name in state if name not in own])
    wrong = [name for name, shape in shapes.items() if tuple(state[name].shape) != shape]
    _refuse(file, "has the wrong shape for", wrong)
    module.load_state_dict(state)


def _read(file: Path) -> dict[str, Tensor]:
    state: Any
    try:
        if file.suffix == ".safetensors":
            state = load_file(file)
        elif file.suffix in {".pt", ".pth"}:
            state = torch.load(file, map_location="cpu", weights_only=True)
        else:
            raise LoadError(f"weights '{file}': give a .pt, .pth or .safetensors file")
    except LoadError:
        raise
    except Exception as error:  # the readers raise many kinds
        raise LoadError(
            f"weights '{file}' is not a file of tensors only ({type(error).__name__}); "
            "save it with torch.save(model.state_dict(), FILE)"
        ) from error
    if isinstance(state, Mapping):
        kept: list[Any] = [state[key] for key in _CHECKPOINT if key in state]
        state = kept[0] if len(kept) == 1 and isinstance(kept[0], Mapping) else state
    if not (isinstance(state, Mapping) and all(_is_tensor(value) for value in state.values())):
        raise LoadError(
            f"weights '{file}' is not a state dict (a map from names to tensors); "
            "save it with torch.save(model.state_dict(), FILE)"
        )
    return dict(state)


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _refuse(file: Path, fault: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise LoadError(
            f"weights '{file}' does not fit the model: it {fault} "
            f"{', '.join(names[:_SHOWN])}{more}; give the weights of this architecture"
        )


def build_seeded(build: Callable[[], nn.Module]) -> nn.Module:
    """Build a network under a fixed seed and leave the global random state untouched.

    Args:
        build: Makes the network with random weights.

    Returns:
        The network.
    """
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        return build()
