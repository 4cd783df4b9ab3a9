"""Ours and the peers: each finds singular values of R at a layer, as a user would call it.

A method takes a network, an input, a layer and the number n of leading triplets that are wanted. It
returns the singular values it found, and the leading left and right vectors as columns.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from specxai.affine.tracing.network import Network, run_until
from specxai.spectral import Krylov, explain

Triplets = tuple[Tensor, Tensor, Tensor]
Method = Callable[[nn.Module, Tensor, str | None, int, dict[str, Any]], Triplets]

METHODS: dict[str, Method] = {}
# What the singular values are compared with: computed once a contest, and not timed.
REFERENCE = "float64 reference"
# Methods that form the whole Jacobian, densely.
DENSE = {"jacrev + torch svd", "autograd jacobian + numpy svd"}


def method(name: str) -> Callable[[Method], Method]:
    """Register a method by name."""

    def register(function: Method) -> Method:
        METHODS[name] = function
        return function

    return register


@method("specxai exact")
def exact(
    model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
) -> Triplets:
    """All components."""
    return _ours(model, x, layer, n, method="exact", **options)


@method("specxai krylov")
def krylov(
    model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
) -> Triplets:
    """The leading components by products, to a relative residual of 1e-4."""
    return _ours(model, x, layer, n, method=Krylov(n), **options)


def _ours(model: nn.Module, x: Tensor, layer: str | None, n: int, **options: Any) -> Triplets:
    target = None if layer is None else 0
    ex = explain(model, x, layer, target, **options)
    top = ex.top(n, by="singular_value")
    left, right = ex.left_vectors(top).flatten(1).T, ex.right_vectors(top).flatten(1).T
    return ex.singular_values, left, right


def until(model: nn.Module, layer: str | None) -> Callable[[Tensor], Tensor]:
    """Return the network up to a layer as a function."""
    network = Network(model)
    return lambda x: run_until(network, [] if layer is None else [layer], x)


def vjp(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Any]:
    """Return the value of a function and its pullback, as ``torch.func`` gives them."""
    value, pull, *_ = torch.func.vjp(function, x)
    return value, pull


@method("jacrev + torch svd")
def jacrev(
    model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
) -> Triplets:
    """The whole Jacobian by torch.func, 64 rows at a time, and its decomposition."""
    R = torch.func.jacrev(until(model, layer), chunk_size=64)(x).detach().reshape(-1, x.numel())
    U, sigma, Vh = torch.linalg.svd(R, full_matrices=False)
    return sigma, U[:, :n], Vh[:n].T


@method("autograd jacobian + numpy svd")
def autograd(
    model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
) -> Triplets:
    """The whole Jacobian row by row, and numpy's decomposition."""
    J = torch.autograd.functional.jacobian(until(model, layer), x).reshape(-1, x.numel())
    U, sigma, Vh = np.linalg.svd(J.numpy(), full_matrices=False)
    return torch.from_numpy(sigma), torch.from_numpy(U[:, :n]), torch.from_numpy(Vh[:n].T)


def _svds(solver: str, tolerance: float) -> Method:
    def svds(
        model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
    ) -> Triplets:
        from scipy.sparse.linalg import LinearOperator, svds

        function = until(model, layer)
        value, pull = vjp(function, x)
        precision, wanted = x.numpy().dtype, options.get("tolerance", tolerance)

        def forward(v: Any) -> Any:
            tangent = torch.as_tensor(v, dtype=x.dtype).reshape(x.shape)
            return torch.func.jvp(function, (x,), (tangent,))[1].flatten().numpy()

        def backward(w: Any) -> Any:
            cotangent = torch.as_tensor(w, dtype=x.dtype).reshape(value.shape)
            return pull(cotangent)[0].flatten().numpy()

        operator = LinearOperator(
            (value.numel(), x.numel()), matvec=forward, rmatvec=backward, dtype=precision
        )
        start = np.random.default_rng(0).standard_normal(min(operator.shape)).astype(precision)
        U, sigma, Vh = svds(operator, n, solver=solver, tol=wanted, v0=start)
        order = np.argsort(-sigma)
        leading = (sigma[order], U[:, order], Vh[order].T)
        return tuple(torch.from_numpy(part.copy()) for part in leading)  # type: ignore[return-value]

    return svds


# The tolerances are the loosest that reach the residual asked for on these cases.
method("scipy svds arpack")(_svds("arpack", 1e-4))
method("scipy svds propack")(_svds("propack", 1e-4))


@method(REFERENCE)
def reference(
    model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
) -> Triplets:
    """The leading components of the network in float64, to machine precision."""
    return METHODS["scipy svds arpack"](
        deepcopy(model).double(), x.double(), layer, n, {"tolerance": 0.0}
    )


@method("skerch ssvd")
def skerch(
    model: nn.Module, x: Tensor, layer: str | None, n: int, options: dict[str, Any]
) -> Triplets:
    """A sketched decomposition of 20 n measurements."""
    from skerch.algorithms import ssvd as sketched

    ssvd: Any = sketched

    function = until(model, layer)
    value, pull = vjp(function, x)

    def push(v: Tensor) -> Tensor:
        tangent: Tensor = torch.func.jvp(function, (x,), (v.reshape(x.shape),))[1]
        return tangent.flatten()

    def back(w: Tensor) -> Tensor:
        cotangent: Tensor = pull(w.reshape(value.shape))[0]
        return cotangent.flatten()

    class Operator:
        shape = (value.numel(), x.numel())

        def __matmul__(self, V: Tensor) -> Tensor:
            return push(V) if V.ndim == 1 else torch.stack([push(v) for v in V.T], 1)

        def __rmatmul__(self, W: Tensor) -> Tensor:
            return back(W) if W.ndim == 1 else torch.stack([back(w) for w in W])

    U, sigma, Vh = ssvd(Operator(), "cpu", x.dtype, 20 * n)
    return sigma[:n], U[:, :n], Vh[:n].T
