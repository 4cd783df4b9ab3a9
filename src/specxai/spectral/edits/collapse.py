"""The local map as two linear layers of low rank."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils import skip_init

from specxai.affine.products.numerics import full_precision
from specxai.errors import InvalidInputError
from specxai.spectral.edits.edit import explained
from specxai.spectral.records.decomposition import Ranking
from specxai.spectral.records.network_decomposition import NetworkDecomposition


@dataclass(frozen=True, eq=False)
class Collapsed:
    """A few components as a module of their own, in place of the network near one input.

    Attributes:
        module: nn.Sequential of Flatten, Linear (M → k, no bias: c_k = σ_k φ_k·x, 18) and Linear
            (k → number of explained outputs: ψ_k, 20). All that is left out stands in the last
            bias as it is at x.
        error: Euclidean distance from the model's own output at x, shape (), float64: rounding.
        errors: the same at each neighbour that was given, shape (n,), float64.
    """

    module: nn.Sequential
    error: Float[Tensor, ""]
    errors: Float[Tensor, " n"]


@full_precision()
def collapse(
    explanation: NetworkDecomposition,
    rank: int,
    by: Ranking = "contribution",
    neighbours: Float[Tensor, "n ..."] | None = None,
) -> Collapsed:
    """Make the local map two linear layers: the leading components, and a bias for the rest.

    Args:
        explanation: of one output, or, with ``layer=None`` and no target, of all of them.
        rank: how many components to keep, at least 1; all, if there are fewer.
        by: which ones lead, as in `NetworkDecomposition.top`.
        neighbours: other inputs to measure the error at, shape (n, *input).

    Returns:
        The module, of the input's dtype and device, exact at x, and its errors.

    Raises:
        InvalidInputError: the rank is below 1, or the neighbours have another shape than x.

    >>> import specxai
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2)).eval()
    >>> small = collapse(specxai.explain(net, torch.ones(1, 3), layer="0"), rank=1)
    >>> small.module
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=3, out_features=1, bias=False)
      (2): Linear(in_features=1, out_features=1, bias=True)
    )
    """
    if rank < 1:
        raise InvalidInputError(f"rank={rank}: keep at least 1 component")
    x = explanation.x
    others = x[:0] if neighbours is None else neighbours.to(x)
    if others.shape[1:] != x.shape[1:]:
        raise InvalidInputError(
            f"the neighbours have shape {tuple(others.shape)}: give inputs of shape "
            f"{tuple(x.shape[1:])}, one after the other"
        )
    module = _two_layers(explanation, explanation.top(rank, by).to(x.device))
    errors = _errors(explanation, module, torch.cat([x, others]))
    return Collapsed(module, errors[0], errors[1:])


def _two_layers(explanation: NetworkDecomposition, chosen: Int[Tensor, " k"]) -> nn.Sequential:
    """Put c = σ φ·x into one layer, ψ and a bias that makes it exact at x into the other."""
    x = explanation.x
    vectors = explanation.right_vectors(chosen).reshape(len(chosen), -1)
    if explanation.target is None:
        weights = explanation.left_vectors(chosen).reshape(len(chosen), -1).T
    else:
        weights = explanation.psi[chosen][None]
    like = {"dtype": x.dtype, "device": x.device}
    first = skip_init(nn.Linear, x.numel(), len(chosen), bias=False, **like)
    second = skip_init(nn.Linear, len(chosen), len(weights), **like)
    with torch.no_grad():
        first.weight.copy_(explanation.singular_values[chosen, None] * vectors)
        second.weight.copy_(weights)
        kept = second.weight.double() @ (first.weight.double() @ x.flatten().double())
        second.bias.copy_(explanation.output.flatten() - kept)
    return nn.Sequential(nn.Flatten(), first, second)


def _errors(
    explanation: NetworkDecomposition, module: nn.Module, inputs: Float[Tensor, "n ..."]
) -> Float[Tensor, " n"]:
    """Compare with the model, one input after the other: a model may mix samples."""
    network = explanation.linearization.at_x.network
    with torch.no_grad():
        gaps = [
            explained(network(x), explanation.target).flatten().double() - module(x)[0].double()
            for x in inputs.split(1)
        ]
    return torch.stack([gap.norm() for gap in gaps])
