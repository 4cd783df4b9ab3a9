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
from specxai.models.table_input import choose_row
from specxai.models.user_files import read_tensors


def load_tensors(
    file: Path, model: LoadedModel, wrt: str | None = None, row: int | None = None
) -> LoadedInput:
    """Load the tensors in a file as arguments of a network.

    A single tensor is the only, positional argument; several are keyword arguments.

    Args:
        file: A .npy or .safetensors file.
        model: The network.
        wrt: The name of the tensor to explain; None takes the only floating-point one.
        row: Which of several inputs in an array, counted from 0; None takes the only one.

    Returns:
        The tensor to explain, float32, and the others.

    Raises:
        LoadError: The tensors cannot be read, the network does not take them, which one is to be
            explained is not clear, or there is no such row.
    """
    tensors = read_tensors(file)
    name = _explained(tensors, file, wrt)
    chosen = tensors.pop(name)
    if not chosen.is_floating_point():
        raise LoadError(
            f"input '{file}' holds {_described(chosen)}: networks take the values that their "
            "preprocessing makes; save the prepared floating-point tensor, or give the picture; of "
            "token ids their embeddings, with a network that takes inputs_embeds"
        )
    if tensors:
        _check_names(model, [name, *tensors], file)
    if tensors and row is not None:
        raise LoadError(f"--row {row}: '{file}' holds several arguments of one input, and no rows")
    rows = None
    if not tensors and _has_rows(chosen, model):
        rows = chosen if len(chosen) > 1 else None
        chosen = choose_row(chosen, file, row)
    elif row is not None:
        raise LoadError(f"--row {row}: '{file}' has shape {tuple(chosen.shape)}, and no rows")
    fitting, note = _fitting(chosen, model, file)
    called = file.name if row is None else f"{file.name} row {row}"
    given = LoadedInput(called, fitting, note=note, rows=rows)
    if not tensors:
        return given
    return replace(given, others=tensors, argument=name, order=model.arguments or ())


def _has_rows(tensor: Float[Tensor, "..."], model: LoadedModel) -> bool:
    """Tell whether the first dimension of a tensor counts inputs.

    Where the network's input shape is not known, it does in two dimensions or more.
    """
    least = 2 if model.input_shape is None else len(model.input_shape) + 1
    return tensor.ndim >= least and len(tensor) > 0


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
