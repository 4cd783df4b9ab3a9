"""Surgery written down slowly: one forward pass in float64 with a layer's output replaced."""

from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from reference import Dense, dense, run_with_layer


def run_replaced(model: nn.Module, x: Tensor, layer: str | None, z: np.ndarray) -> np.ndarray:
    """Return f(x), flat, with z in place of what one call of a layer gives."""
    if layer is None:
        return z
    model = deepcopy(model).double()
    path, _, call = layer.partition("#")
    calls: list[None] = []

    def put(_module: nn.Module, _args: object, output: Tensor) -> Tensor | None:
        calls.append(None)
        last = len(calls) == int(call or 1)
        return torch.tensor(z).reshape(output.shape) if last else None

    model.get_submodule(path).register_forward_hook(put)
    with torch.no_grad():
        return model(x.double().clone()).numpy().ravel()


def operate_slowly(
    model: nn.Module, x: Tensor, layer: str | None, target: object, scales: list[float]
) -> tuple[float, np.ndarray, Dense]:
    """Return the linear prediction of y_j, all real outputs, and the dense decomposition."""
    truth = dense(model, x, layer, target)
    s = np.ones(len(truth.sigma))
    s[: len(scales)] = scales[: len(s)]
    _, z, _ = run_with_layer(model, x, layer)
    edited = z.detach().numpy().ravel() + truth.U @ ((s - 1) * truth.c)
    prediction = float(s @ truth.alpha + truth.bypass + truth.b[truth.target])
    return prediction, run_replaced(model, x, layer, edited), truth
