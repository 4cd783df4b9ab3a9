"""Prepared tensors as a network's arguments: which is explained, and whether they fit."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import LoadError
from specxai.models.loaded import LoadedInput, LoadedModel
from specxai.models.user_files import read_tensors


def load_tensors(file: Path, model: LoadedModel, wrt: str | None = None) -> LoadedInput:
    """Load the tensors in a file as arguments of a network.

    A single tensor is the only, positional argument; several are keyword arguments.

    Args:
        file: A .npy or .safetensors file.
        model: The network.
        wrt: The name of the tensor to explain; None takes the only floating-point one.

    Returns:
        The tensor to explain, float32, and the others.

    Raises:
        LoadError: The tensors cannot be read, the network does not take them, or which one is to
            be explained is not clear.
    """
    tensors = read_tensors(file)
    name = _explained(tensors, file, wrt)
    chosen = tensors.pop(name)
    if not chosen.is_floating_point():
        raise LoadError(
            f"input '{file}' holds {_described(chosen)}: networks take the values that their "
            "preprocessing makes; save the prepared floating-point tensor, or give the picture"
        )
    if tensors:
        _check_names(model, [name, *tensors], file)
    fitting, note = _fitting(chosen, model, file)
    given = LoadedInput(file.name, fitting, note=note)
    if not tensors:
        return given
    return replace(given, others=tensors, argument=name, order=model.arguments or ())


def _explained(tensors: Mapping[str, Tensor], file: Path, wrt: str | None) -> str:
    """Return the name of the tensor to explain."""
    if wrt is not None and wrt not in tensors:
        held = ", ".join(filter(None, tensors)) or "one without a name"
        raise LoadError(f"--wrt {wrt} is no tensor in '{file}': it holds {held}")
    if wrt is not None:
        return wrt
    if len(tensors) == 1:
        return next(iter(tensors))
    floating = [name for name, tensor in tensors.items() if tensor.is_floating_point()]
    if not floating:
        held = ", ".join(f"{name} ({_dtype(tensor)})" for name, tensor in tensors.items())
        raise LoadError(
            f"input '{file}' holds no floating-point tensor to explain, but {held}: "
            "token ids are explained by their embeddings"
        )
    if len(floating) > 1:
        raise LoadError(
            f"input '{file}' holds several floating-point tensors, {', '.join(floating)}: say "
            f"which to explain, such as --wrt {floating[0]}"
        )
    return floating[0]


def _check_names(model: LoadedModel, names: Collection[str], file: Path) -> None:
    """Refuse names that a network does not take, or what it needs and is not given."""
    takes, needs, anything = _arguments(model)
    listed = ", ".join(takes) or "no names"
    unknown = [name for name in names if name not in takes]
    if unknown and not anything:
        raise LoadError(
            f"input '{file}' holds {', '.join(unknown)}, but {model.name} takes {listed}: name "
            "the tensors like its arguments"
        )
    missing = [name for name in needs if name not in names]
    if missing:
        raise LoadError(
            f"input '{file}' lacks {', '.join(missing)}: {model.name} takes {listed}; save one "
            "tensor for each"
        )


def _arguments(model: LoadedModel) -> tuple[list[str], list[str], bool]:
    """Return the names a network takes, those it needs, and whether it takes any other."""
    if model.arguments is not None:
        return list(model.arguments), list(model.arguments), False
    kind = inspect.Parameter
    parameters = inspect.signature(model.module.forward).parameters.values()
    named = [p for p in parameters if p.kind in (kind.POSITIONAL_OR_KEYWORD, kind.KEYWORD_ONLY)]
    needs = [p.name for p in named if p.default is kind.empty]
    anything = any(p.kind is kind.VAR_KEYWORD for p in parameters)
    return [p.name for p in named], needs, anything


def _fitting(
    tensor: Float[Tensor, "..."], model: LoadedModel, file: Path
) -> tuple[Float[Tensor, "..."], str]:
    """Return a tensor with the batch dimension it may lack, and a note on another size."""
    expected = model.input_shape
    if expected is None:
        return tensor, ""
    shape = tuple(tensor.shape)
    sample = shape if len(shape) == len(expected) else shape[1:]
    batched = tensor.unsqueeze(0) if len(shape) == len(expected) else tensor
    if sample == expected:
        return batched, ""
    if model.preprocess is None or len(sample) != 3 or sample[0] != expected[0]:
        raise LoadError(
            f"input '{file}' has shape {shape}, but {model.name} takes {(1, *expected)}: "
            f"{_remedy(sample, expected)}"
        )
    # The size pictures are prepared to binds no network that pools over them.
    return batched, f"of size {sample[1:]}, where pictures are prepared to {expected[1:]}"


def _remedy(sample: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Say what to do about a shape, such as one with the channels last."""
    if len(sample) == len(expected) == 3 and sample[-1] == expected[0]:
        return "it looks like (H, W, C), transpose it to (C, H, W)"
    return "save it in that shape"


def _described(tensor: Tensor) -> str:
    if not tensor.numel():
        return f"{_dtype(tensor)} values"
    values = tensor.to(torch.float64)
    return f"{_dtype(tensor)} {values.min():.0f}…{values.max():.0f}"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
