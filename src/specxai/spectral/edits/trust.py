"""How far an explanation may be trusted: five questions, each answered by a measurement."""

from dataclasses import dataclass

import torch
from torch import Tensor

from specxai.affine import at_input
from specxai.affine.products.numerics import full_precision
from specxai.errors import InvalidInputError, TargetError
from specxai.spectral.edits.edit import (
    added_at_baseline,
    change_at_layer,
    check_unchanged,
    explained,
    run_turned,
)
from specxai.spectral.edits.surgery import scale_components
from specxai.spectral.records.contraction import default_blur
from specxai.spectral.records.network_decomposition import NetworkDecomposition, linear_map

# Random directions that a component is set beside.
_DIRECTIONS = 4


@dataclass(frozen=True)
class Removal:
    """What a component is worth to the real network, in units of the output.

    Attributes:
        component: its number k.
        predicted: −α, by the affine map.
        answered: how the output changes when the component is taken out at x.
        added: how it changes when the component alone is put in at the baseline; None where there
            is no baseline, or something goes around the layer.
        random: root mean square of the changes by random directions of the same length.
    """

    component: int
    predicted: float
    answered: float
    added: float | None
    random: float


@dataclass(frozen=True)
class Trust:
    """What was measured of an explanation.

    Attributes:
        residual: |y − its terms| / |y|: rounding, or a fault.
        cancellation: Σ|α| + |unresolved| + |bypass| over |u·(x − x₀)|: 1 where nothing cancels.
        pointwise: u·x of the map at x alone / y: what that one says of the output.
        noise: standard deviation of the noise that was added to x: in parts of the scale, where
            there is one; of each value of a vector (1, F); else of the deviation of x.
        change: how far the total map is another one then, ‖Δ‖ / ‖map‖; smoothed for pictures.
        removal: of the component of largest |α|; None where there is none.
    """

    residual: float
    cancellation: float
    pointwise: float
    noise: float
    change: float
    removal: Removal | None


def measure_trust(explanation: NetworkDecomposition, noise: float = 0.01, seed: int = 0) -> Trust:
    """Measure how far an explanation may be trusted; takes about two linearizations.

    Args:
        explanation: of one output.
        noise: standard deviation of the noise, in the parts that `Trust.noise` names.
        seed: of the noise and of the random directions.

    Raises:
        TargetError: the explanation is of all outputs together.
        InvalidInputError: the noise is not positive.
        InvalidModelError: the network's weights have changed since.

    >>> import specxai
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> ex = specxai.explain(net.eval(), torch.ones(1, 3), layer="1", baseline="zero")
    >>> measure_trust(ex).residual < 1e-5
    True
    """
    target = explanation.target
    if target is None:
        raise TargetError("trust is measured for one output: explain it with a target")
    if not noise > 0:
        raise InvalidInputError(f"noise={noise}: give a part of x's deviation, such as 0.01")
    y, linear = float(explanation.output), float(explanation.linear)
    check_unchanged(explanation)
    parts = [explanation.contributions, explanation.unresolved, explanation.bypass]
    pointwise = explanation.pointwise_linear
    return Trust(
        residual=abs(float(explanation.residual)) / (abs(y) or 1.0),
        cancellation=sum(float(part.abs().sum()) for part in parts) / (abs(linear) or 1.0),
        pointwise=(linear if pointwise is None else pointwise) / (y or 1.0),
        noise=noise,
        change=_change(explanation, target, noise, seed),
        removal=_removal(explanation, seed) if explanation.rank else None,
    )


def _change(
    explanation: NetworkDecomposition, target: int | tuple[int, ...], noise: float, seed: int
) -> float:
    lin, x = explanation.linearization, explanation.x
    generator = torch.Generator().manual_seed(seed)
    sample = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
    moved = at_input(lin, x + noise * _spread(explanation) * sample)
    dim = 1 if x.ndim == 4 else None
    before, after = (linear_map(each, target, dim, default_blur(x)) for each in (lin, moved))
    return float((after - before).norm() / (before.norm() or 1.0))


def _spread(explanation: NetworkDecomposition) -> Tensor:
    """Return what the noise is counted in: inputs of a row have units of their own."""
    x, scale = explanation.x, explanation.linearization.scale
    if scale is not None:
        return scale
    return x.abs() if x.ndim == 2 else x.double().std(correction=0).to(x)


@full_precision()
def _removal(explanation: NetworkDecomposition, seed: int) -> Removal:
    k = int(explanation.top(1)[0])
    cut = scale_components(explanation, drop=k)
    y = float(explanation.output)
    scales = cut.scales[None]
    added = added_at_baseline(explanation, -change_at_layer(explanation, scales))
    turned = [
        float(explained(run_turned(explanation, scales, seed + n), explanation.target)) - y
        for n in range(_DIRECTIONS)
    ]
    return Removal(
        component=k,
        predicted=-float(explanation.contributions[k]),
        answered=float(cut.answer) - y,
        added=None if added is None else float(added),
        random=float(torch.tensor(turned, dtype=torch.float64).square().mean().sqrt()),
    )
