"""How straight the way from the baseline is: the real network between x₀ and x."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.products.numerics import full_precision
from specxai.errors import InvalidInputError
from specxai.spectral.edits.edit import explained
from specxai.spectral.records.network_decomposition import NetworkDecomposition


@dataclass(frozen=True, eq=False)
class Interpolation:
    """The explained output on the way x₀ + t (x − x₀), by the map and by the real network.

    Attributes:
        shares: t, shape (p,), float64.
        predictions: y₀ + t u·(x − x₀), shape (p,), or (p, *output) for all outputs; float64.
        answers: of the real network, likewise.
    """

    shares: Float[Tensor, " p"]
    predictions: Float[Tensor, "p ..."]
    answers: Float[Tensor, "p ..."]

    @property
    def error(self) -> float:
        """The largest |answer − prediction|, or Euclidean norm of it, over the whole change."""
        gaps = (self.answers - self.predictions).flatten(1 if self.answers.ndim > 1 else 0)
        largest = gaps.norm(dim=1).max() if self.answers.ndim > 1 else gaps.abs().max()
        change = (self.predictions[-1] - self.predictions[0]) / (self.shares[-1] - self.shares[0])
        return float(largest / (change.norm() or 1.0))


@full_precision()
def interpolation(
    explanation: NetworkDecomposition, shares: Sequence[float] = (0.25, 0.5, 0.75)
) -> Interpolation:
    """Compare a map from a baseline with the real network on the straight way to x.

    At both ends they agree. Where they part between them, the map says less about inputs that lie
    there; it never was a statement about the neighbourhood of x.

    Args:
        explanation: of a map from a baseline.
        shares: t, two or more, ascending from 0 at x₀ to 1 at x.

    Returns:
        Both at every t.

    Raises:
        InvalidInputError: there is no baseline, or the shares are not fit.

    >>> import specxai
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()).eval()
    >>> ex = specxai.explain(net, torch.ones(1, 3), layer="0", target=0, baseline="zero")
    >>> interpolation(ex).answers.shape
    torch.Size([3])
    """
    if explanation.baseline is None:
        raise InvalidInputError("there is no way to x without a baseline: explain with baseline=")
    t = torch.tensor(list(shares), dtype=torch.float64)
    if len(t) < 2 or not bool((t.diff() > 0).all()) or not 0 <= float(t[0]) <= float(t[-1]) <= 1:
        raise InvalidInputError(f"shares={tuple(shares)}: give two or more, ascending in [0, 1]")
    network = explanation.linearization.at_x.network
    with torch.no_grad():
        points = (explanation.baseline + float(s) * explanation.displacement for s in t)
        outputs = torch.cat([network(point) for point in points]).double()
    outputs = outputs.reshape(len(t), *explanation.linearization.output.shape[1:])
    t = t.to(outputs.device)
    answers = explained(outputs, explanation.target)
    steps = t.reshape(-1, *[1] * (answers.ndim - 1)) * explanation.linear.reshape(answers[:1].shape)
    return Interpolation(t, explanation.bias.reshape(answers[:1].shape) + steps, answers)
