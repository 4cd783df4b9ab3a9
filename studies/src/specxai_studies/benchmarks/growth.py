"""How time and memory grow; ``python -m`` this module ``AXIS SIZE`` measures a point."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from specxai.errors import SpecxaiError
from specxai.models import load_model
from specxai.spectral import explain
from specxai_studies.benchmarks.contest import LIMIT
from specxai_studies.benchmarks.environment import peak_bytes

# What is varied, and over which sizes; all else stays at 256 rows and 224 pixels.
AXES: dict[str, Sequence[int]] = {
    "active rows": (128, 256, 512, 1024, 2048),
    "input side": (64, 112, 160, 224, 320, 448),
    "components": (1, 4, 16, 64, 256),
}
_ROWS, _SIDE = 256, 224
# A peak this little above what the process had taken before says nothing.
UNSEEN_BYTES = 16.0 * 2**20


@dataclass(frozen=True)
class Growth:
    """Measurements along one axis.

    Attributes:
        axis: what is varied.
        sizes: its values.
        seconds: of each run.
        peak_bytes: what each run took beyond the loaded and once used model.
    """

    axis: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    peak_bytes: tuple[int, ...]


def measure_growth(axis: str, report: Callable[[str], None] = lambda line: None) -> Growth:
    """Measure time and memory along an axis, each point in a process of its own."""
    points = []
    for size in AXES[axis]:
        command = [sys.executable, "-m", "specxai_studies.benchmarks.growth", axis, str(size)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
        if done.returncode:
            raise SpecxaiError(f"growth with {axis} {size}: {done.stderr.strip().splitlines()[-1]}")
        points.append(json.loads(done.stdout.splitlines()[-1]))
        report(f"{axis} {size}: {points[-1]['seconds']:.2f} s")
    seconds = tuple(point["seconds"] for point in points)
    return Growth(axis, tuple(AXES[axis]), seconds, tuple(point["peak_bytes"] for point in points))


def exponent(
    sizes: Sequence[int | float], values: Sequence[int | float], least: float = 0.0
) -> float | None:
    """Return p of the power law values ∝ sizes^p, by least squares of the logarithms.

    Args:
        sizes: what is varied.
        values: what was measured.
        least: values that are not above it say nothing and are left out.

    Returns:
        The exponent; None with fewer than three points.

    >>> round(exponent([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    points = [(s, v) for s, v in zip(sizes, values, strict=True) if v > least]
    if len(points) < 3:
        return None
    logarithms = np.log(np.array(points, dtype=float))
    return float(np.polyfit(logarithms[:, 0], logarithms[:, 1], 1)[0])


def main() -> None:
    """Measure one point and print it as one line of JSON."""
    axis, size = sys.argv[1], int(sys.argv[2])
    rows = size if axis == "active rows" else _ROWS
    model, x = _network(rows, size if axis == "input side" else _SIDE)
    point = x.clone().requires_grad_()
    torch.autograd.grad(model(point).sum(), point)  # kernels are chosen, pages are touched
    if axis == "components":
        ex = explain(model, x, layer="2", target=0, method="exact")

        def work() -> object:
            return ex.right_vectors(range(size))
    else:

        def work() -> object:
            return explain(model, x, layer="2", target=0, method="exact")

    before = peak_bytes()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes() - before}))


def _network(rows: int, side: int) -> tuple[nn.Module, Tensor]:
    """AlexNet's convolutions and a linear layer with so many units, all of them active."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        features = load_model("torchvision:alexnet", "none").module.get_submodule("features")
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(6), nn.Flatten())
        model = nn.Sequential(features, pool, nn.Linear(9216, rows), nn.Linear(rows, 1)).eval()
        return model, torch.randn(1, 3, side, side)


if __name__ == "__main__":
    main()
