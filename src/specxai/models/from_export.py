"""Networks saved by torch.export: file.pt2."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils._pytree import tree_unflatten

from specxai.errors import LoadError, reason
from specxai.models.export_screen import UnsafeProgramError, screened_archive
from specxai.models.loaded import LoadedModel
from specxai.models.user_files import data_only_pickles, existing_file


def load_export(path: str, weights: str) -> LoadedModel:
    """Load a program saved by torch.export.save, without running code from it.

    Args:
        path: The .pt2 file.
        weights: "default"; a program carries its own weights.

    Returns:
        The network with its module hierarchy restored.

    Raises:
        LoadError: The file is not a program, or holds more than plain data.
    """
    file = existing_file(path, "model")
    if weights != "default":
        raise LoadError(f"model '{file}' carries its own weights; leave out --weights")
    program = _read(file)
    return LoadedModel(
        name=file.name,
        module=_unflatten(program, file),
        input_shape=_input_shape(program, file),
        arguments=_arguments(program),
    )


def _read(file: Path) -> ExportedProgram:
    try:
        archive = screened_archive(file)
        with data_only_pickles(), _quiet():
            return torch.export.load(archive)
    except UnsafeProgramError as error:
        raise LoadError(f"model '{file}' is refused: {error}") from error
    except Exception as error:  # zip, JSON, pickle and torch raise many kinds
        raise LoadError(
            f"model '{file}' is not a readable torch.export program ({reason(error)}); "
            "save it with torch.export.save"
        ) from error


def _unflatten(program: ExportedProgram, file: Path) -> nn.Module:
    try:
        module: nn.Module = torch.export.unflatten(program)
    except Exception as error:
        raise LoadError(
            f"the modules of '{file}' cannot be restored ({reason(error)}); "
            "re-export with strict=False"
        ) from error
    for part in module.modules():
        part.training = False  # the mode is fixed in the program, so eval() may be refused
    return module


def _input_shape(program: ExportedProgram, file: Path) -> tuple[int, ...] | None:
    names = program.graph_signature.user_inputs
    placeholders = program.graph.find_nodes(op="placeholder")
    inputs = [node.meta.get("val") for node in placeholders if node.name in names]
    if len(inputs) != 1 or not isinstance(inputs[0], Tensor) or inputs[0].dim() == 0:
        return None
    batch, *shape = inputs[0].shape
    if isinstance(batch, int) and batch != 1:
        raise LoadError(f"model '{file}' takes batches of {batch}; re-export with a batch of 1")
    return tuple(shape) if all(isinstance(size, int) for size in shape) else None


def _arguments(program: ExportedProgram) -> tuple[str, ...] | None:
    """Return the names of the arguments, where the program takes tensors by position only."""
    names = list(program.graph_signature.user_inputs)
    positional, named = tree_unflatten(names, program.call_spec.in_spec)
    unnamed = not named and all(isinstance(name, str) for name in positional)
    return tuple(positional) if unnamed else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's log: a failed load becomes one line, an old layout needs no word."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
