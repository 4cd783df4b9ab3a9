"""One measurement in a process of its own: ``python -m`` this module ``CASE METHOD``."""

import json
import sys
import time
from collections.abc import Callable

import torch

from specxai_studies.benchmarks.cases import CASES
from specxai_studies.benchmarks.environment import peak_bytes
from specxai_studies.benchmarks.methods import METHODS, until, vjp

_ROUNDING = 1e-5


def main() -> None:
    """Build the case, run the method once, and print what was seen as one line of JSON."""
    case, method, n, options = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
    model, x = CASES[case].build()
    layer = CASES[case].layer
    function = until(model, layer)
    point = x.clone().requires_grad_()
    torch.autograd.grad(function(point).sum(), point)  # kernels are chosen, pages are touched
    before = peak_bytes()
    begun = time.perf_counter()
    sigma, left, right = METHODS[method](model, x, layer, n, options)
    seconds = time.perf_counter() - begun
    run = {
        "seconds": seconds,
        "peak_bytes": peak_bytes() - before,
        "count": len(sigma),
        "singular_values": sigma[:n].double().tolist(),
        "residual": _residual(function, x, sigma[:n], left, right),
    }
    print(json.dumps(run))


def _residual(
    function: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    sigma: torch.Tensor,
    left: torch.Tensor,
    right: torch.Tensor,
) -> float:
    """Return the largest ‖R v − σ u‖ / σ or ‖Rᵀ u − σ v‖ / σ of the leading triplets.

    Where the rank is lower than their number, the last σ are rounding and are left out.
    """
    worst = 0.0
    for s, u, v in zip(sigma.double(), left.double().T, right.double().T, strict=True):
        if s < _ROUNDING * sigma[0]:
            break
        image = torch.func.jvp(function, (x,), (v.to(x.dtype).reshape(x.shape),))[1]
        ahead = (image.flatten().double() - s * u).norm() / s
        value, pull = vjp(function, x)
        back = pull(u.to(x.dtype).reshape(value.shape))[0].flatten().double()
        worst = max(worst, float(ahead), float((back - s * v).norm() / s))
    return worst


if __name__ == "__main__":
    main()
