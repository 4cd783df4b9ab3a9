"""The method written down slowly and obviously, sharing no code with the package.

A dense float64 Jacobian, one row for each call of autograd, then numpy's SVD.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

F = torch.nn.functional


@dataclass(frozen=True)
class Dense:
    """Everything the paper computes, as dense float64 arrays; numbers are its equations."""

    y: np.ndarray  # f(x), flat
    u: np.ndarray  # ∂y/∂x (8), (N, M)
    b: np.ndarray  # y − u x (9)
    R: np.ndarray  # ∂z/∂x (16), (m, M)
    L: np.ndarray  # ∂y_j/∂z (16), (m,)
    target: int  # j, flat
    bypass: float  # u_j x − L_j R x
    U: np.ndarray  # (17), (m, r)
    sigma: np.ndarray  # (17), (r,)
    V: np.ndarray  # (17), columns are φ_k, with φ_k·x ≥ 0
    c: np.ndarray  # (18)
    psi: np.ndarray  # (20)
    alpha: np.ndarray  # (20)


def run_with_layer(model: nn.Module, x: Tensor, layer: str | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return a leaf that holds x, the layer's output z and the output y, in one float64 graph."""
    model = deepcopy(model).double().requires_grad_(False)
    leaf = x.detach().double().clone().requires_grad_()
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _args: Any, output: Tensor) -> Tensor:
        kept.append(output.clone())
        return kept[-1].clone()  # so that an in-place operation does not touch what was kept

    if layer is None:
        y = model(leaf.clone())
        return leaf, y, y
    path, _, call = layer.partition("#")
    model.get_submodule(path).register_forward_hook(keep)
    y = model(leaf.clone())
    return leaf, kept[int(call or 1) - 1], y


def dense_jacobian(output: Tensor, leaf: Tensor) -> np.ndarray:
    rows = []
    for value in output.flatten():
        (row,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(leaf).flatten() if row is None else row.flatten())
    return torch.stack(rows).numpy()


def dense(
    model: nn.Module, x: Tensor, layer: str | None, target: tuple[int, ...] | int | None = None
) -> Dense:
    leaf, z, y = run_with_layer(model, x, layer)
    values, point = y.detach().numpy().ravel(), x.double().numpy().ravel()
    if target is None:
        j = int(values.argmax())
    else:
        position = (target,) if isinstance(target, int) else target
        j = int(np.ravel_multi_index(position, y.shape[1:]))
    R, u = dense_jacobian(z, leaf), dense_jacobian(y, leaf)
    L = torch.autograd.grad(y.flatten()[j], z)[0].numpy().ravel()
    U, sigma, Vt = np.linalg.svd(R, full_matrices=False)
    r = int((sigma > 1e-12 * sigma[0]).sum())
    U, sigma, V = U[:, :r], sigma[:r], Vt[:r].T
    signs = np.where(point @ V < 0, -1.0, 1.0)
    U, V = U * signs, V * signs
    c = sigma * (point @ V)
    psi = L @ U
    bypass = float(u[j] @ point - L @ (R @ point))
    return Dense(
        values, u, values - u @ point, R, L, j, bypass, U, sigma, V, c, psi, psi * c
    )  # fmt: skip


def differences(function: Callable[[Tensor], Tensor], x: Tensor, v: Tensor) -> np.ndarray | None:
    """Return the derivative along v by central differences in float64: no autograd at all.

    None where two step sizes disagree: a border of a piecewise-linear function is near.
    """

    def quotient(step: float) -> np.ndarray:
        with torch.no_grad():
            plus, minus = function(x + step * v), function(x - step * v)
        return ((plus - minus) / (2 * step)).numpy().ravel()

    coarse, fine = quotient(1e-4), quotient(1e-5)
    smooth = np.abs(coarse - fine).max() <= 1e-5 * max(1, np.abs(fine).max())
    return fine if smooth else None


class BatchNormsByHand(TorchFunctionMode):
    """Batch norms written out: PyTorch's own pulls strided gradients back wrongly on a CPU."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in (F.batch_norm, F.instance_norm):
            return func(*args, **(kwargs or {}))
        given = signature(func).bind(*args, **(kwargs or {}))
        given.apply_defaults()
        if given.arguments.get("training") or given.arguments.get("use_input_stats"):
            return func(*args, **(kwargs or {}))
        x, mean, var, weight, bias = list(given.arguments.values())[:5]
        shape = (-1, *[1] * (x.ndim - 2))
        normal = (x - mean.view(shape)) / (var.view(shape) + given.arguments["eps"]).sqrt()
        scaled = normal if weight is None else normal * weight.view(shape)
        return scaled if bias is None else scaled + bias.view(shape)


def reduce_slowly(alpha: list[float]) -> tuple[dict[int, float], int]:
    """(21) word for word: two ordered lists, added order-wise, the rest kept, until one sign."""
    left = {k: value for k, value in enumerate(alpha) if value != 0}
    rounds = 0
    while any(v > 0 for v in left.values()) and any(v < 0 for v in left.values()):
        plus = sorted((k for k in left if left[k] > 0), key=lambda k: -left[k])
        minus = sorted((k for k in left if left[k] < 0), key=lambda k: left[k])
        after: dict[int, float] = {}
        paired = min(len(plus), len(minus))
        for p, n in zip(plus[:paired], minus[:paired], strict=True):
            owner = p if left[p] > -left[n] else n
            if left[p] + left[n] != 0:
                after[owner] = left[p] + left[n]
        for k in plus[paired:] + minus[paired:]:
            after[k] = left[k]
        left, rounds = after, rounds + 1
    return left, rounds
