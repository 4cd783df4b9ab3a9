"""The network cut at its layers: y = L z + …, z = R x + … , and the products of L and R (16)."""

import time

import torch
from torch import Tensor

from specxai import Linearization
from specxai.affine.products.jacobian import Jacobian
from sweep.findings import Findings

MOST_LAYERS = 12


def measure_cuts(findings: Findings, lin: Linearization, deadline: float) -> int:
    """Cut the network at layers spread evenly over its depth, and measure both halves.

    Args:
        findings: takes the errors.
        lin: the affine map.
        deadline: when to take no further layer, by the monotonic clock.

    Returns:
        The number of layers that were taken.
    """
    cuts = [layer.address for layer in lin.layers if layer.cut and layer.on_path and layer.shape]
    taken = 0
    for address in _spread(cuts, MOST_LAYERS):
        if time.monotonic() > deadline:
            break
        with findings.stage(f"cut at {address}"):
            _measure_cut(findings, lin, address)
        taken += 1
    return taken


def measure_rows(J: Jacobian) -> float:
    """Return how far batched products and rows are from single ones, as a share of these."""
    return max(_batch_errors(J)[0])


def _measure_cut(findings: Findings, lin: Linearization, address: str) -> None:
    R = lin.right(address)
    L = lin.left(address, R.value)
    for name, J in (("R", R), ("L", L)):
        batch, adjointness = _batch_errors(J)
        findings.note_error("cut batch", max(batch), f"{name} at {address}")
        findings.note_error("cut adjointness", adjointness, f"{name} at {address}")
    whole = lin.jvp(lin.x).flatten()
    through = L.push(R.push(lin.x.reshape(1, -1)))[0]
    scale = max(whole.norm(), lin.output.norm())
    findings.note_error("cut product", float((through - whole).norm() / scale), address)
    value = float((L.value.flatten() - lin.output.flatten()).norm() / lin.output.norm())
    findings.note_error("cut product", value, address)


def _batch_errors(J: Jacobian) -> tuple[list[float], float]:
    """Return the errors of two cotangents at a time and of two rows, and of adjointness."""
    m, M = J.shape
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(1, M, generator=generator).to(J.x)
    w = torch.randn(2, m, generator=generator).to(J.x)
    single = torch.cat([J.pull(w[:1]), J.pull(w[1:])])
    pushed = J.push(v)[0]
    indices = torch.tensor([0, m - 1])
    units = torch.zeros(2, m).to(J.x)
    units[torch.arange(2), indices] = 1
    rows = torch.cat([J.pull(units[:1]), J.pull(units[1:])])
    batch = [_distance(J.pull(w), single), _distance(J.rows(indices), rows)]
    gap = (pushed @ w[0] - v[0] @ single[0]).abs()
    scale = torch.maximum(pushed.norm() * w[0].norm(), v.norm() * single[0].norm())
    return batch, float(gap / scale) if scale > 0 else 0.0


def _distance(found: Tensor, expected: Tensor) -> float:
    if found.shape != expected.shape:
        return float("inf")
    scale = expected.norm()
    return float((found - expected).norm() / scale) if scale > 0 else float(found.norm())


def _spread(addresses: list[str], most: int) -> list[str]:
    """Return at most so many, evenly spread, the middle ones first."""
    count = min(most, len(addresses))
    chosen = [addresses[(2 * k + 1) * len(addresses) // (2 * count)] for k in range(count)]
    return sorted(chosen, key=lambda address: abs(chosen.index(address) - count // 2))
