"""Networks in the ONNX format: file.onnx."""

import re
from pathlib import Path
from typing import Any

from torch import nn

from specxai.errors import LoadError, MissingExtraError, reason
from specxai.models.loaded import LoadedModel
from specxai.models.user_files import existing_file


def load_onnx(path: str, weights: str) -> LoadedModel:
    """Load an ONNX file as a module of PyTorch operations.

    Args:
        path: The .onnx file.
        weights: "default"; the file carries its own weights.

    Returns:
        The network; its layers are the nodes of the graph, by their names with plain letters.

    Raises:
        LoadError: The file is not a network, or holds an operation that cannot be converted.
        MissingExtraError: onnx2torch is not installed.
    """
    try:
        import onnx
        import onnx2torch
    except ImportError as error:
        raise MissingExtraError(f"model {path!r}", "onnx") from error
    file = existing_file(path, "model")
    if weights != "default":
        raise LoadError(f"model '{file}' carries its own weights; leave out --weights")
    try:
        proto = onnx.load(file)
        onnx.checker.check_model(proto)
    except Exception as error:  # protobuf and the checker raise many kinds
        raise LoadError(
            f"model '{file}' is not a readable ONNX file ({reason(error)}); export it again"
        ) from error
    shape = _input_shape(proto.graph, file)
    for node in proto.graph.node:
        # Names become Python source of the converted module: nothing but letters may get there.
        node.name = re.sub(r"\W+", "_", node.name or node.op_type).strip("_")
    try:
        module: nn.Module = onnx2torch.convert(proto)
    except Exception as error:
        raise LoadError(
            f"model '{file}' cannot be converted to PyTorch ({reason(error)}); "
            "load the PyTorch model itself"
        ) from error
    names = tuple(value.name for value in _inputs(proto.graph))
    return LoadedModel(file.name, module.eval(), input_shape=shape, arguments=names)


def _inputs(graph: Any) -> list[Any]:
    """Return what the graph is given, in its order, without the constants it holds."""
    constants = {initializer.name for initializer in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def _input_shape(graph: Any, file: Path) -> tuple[int, ...] | None:
    inputs = _inputs(graph)
    if len(inputs) != 1:
        return None
    batch, *sizes = [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim] or [0]
    if batch > 1:  # a free dimension has the value 0
        raise LoadError(f"model '{file}' takes batches of {batch}; export it with a batch of 1")
    return tuple(sizes) if all(sizes) else None
