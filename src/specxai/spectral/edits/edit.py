"""Components scaled by factors s: at the layer, in the linear prediction, in the real network.

The layer's output z becomes z' = z + U diag(s − 1) c, with c = Σ Vᵀ x (18): its own offset and all
that reaches the output around it stay.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import Jacobian, Target
from specxai.affine.products.numerics import full_precision
from specxai.affine.tracing.network import run_until
from specxai.errors import InvalidModelError
from specxai.spectral.records.network_decomposition import NetworkDecomposition


def change_at_layer(
    explanation: NetworkDecomposition, scales: Float[Tensor, "n r"]
) -> Float[Tensor, "n m"]:
    """Return z' − z for some edits.

    Args:
        explanation: the result whose components are scaled.
        scales: s, one row for each edit, shape (n, r), float64.

    Returns:
        U diag(s − 1) c in the layer's flattened output, shape (n, m), float64.
    """
    svd = explanation.svd
    change = scales.new_zeros(len(scales), explanation.split.right.shape[0])
    change[:, svd.active] = ((scales - 1) * svd.coefficients) @ svd.left.T
    return change


def predict(
    explanation: NetworkDecomposition, scales: Float[Tensor, "n r"]
) -> Float[Tensor, "n ..."]:
    """Return what the affine map says: Σ s_k α_k + unresolved + bypass + b (20).

    Args:
        explanation: the result whose components are scaled.
        scales: s, one row for each edit, shape (n, r), float64.

    Returns:
        The explained output for each edit, shape (n,); of all outputs (n, *output); float64.
    """
    unchanged = explanation.output - explanation.residual
    if explanation.target is not None:
        return unchanged + (scales - 1) @ explanation.contributions
    change = change_at_layer(explanation, scales)
    return unchanged + change.reshape(-1, *unchanged.shape[1:])


def rest_of_network(explanation: NetworkDecomposition) -> Jacobian:
    """Return what follows the layer, as a function of z at which x is held fixed (16)."""
    return explanation.linearization.left(explanation.layer, explanation.split.right.value)


@full_precision()
def run_edited(
    explanation: NetworkDecomposition, scales: Float[Tensor, "n r"]
) -> Float[Tensor, "n ..."]:
    """Return what the untouched nonlinear rest of the network makes of z'.

    Several edits run as one batch, unless the network mixes samples.

    Args:
        explanation: the result whose components are scaled.
        scales: s, one row for each edit, shape (n, r), float64.

    Returns:
        All outputs of the model for each edit, shape (n, *output), float64.
    """
    return _run_changed(explanation, partial(change_at_layer, explanation), scales)


def check_unchanged(explanation: NetworkDecomposition) -> None:
    """Refuse a network that no longer gives the output that was explained.

    Raises:
        InvalidModelError: its weights have changed since.
    """
    lin = explanation.linearization
    with torch.no_grad(), full_precision():
        now = lin.network(explanation.x)
    if not torch.allclose(now, lin.output, rtol=1e-3, atol=1e-3 * float(lin.output.abs().max())):
        raise InvalidModelError(
            "the network gives another output than when it was explained: its weights have "
            "changed since; explain it again"
        )


@full_precision()
def run_turned(
    explanation: NetworkDecomposition, scales: Float[Tensor, "n r"], seed: int
) -> Float[Tensor, "n ..."]:
    """Return what the rest of the network makes of changes as long as z' − z, but of any direction.

    A control: where it answers as much, the components are nothing special.

    Args:
        explanation: the result whose components are scaled.
        scales: s, one row for each edit, shape (n, r), float64.
        seed: of the directions, random ones on the active units, the same for each edit.

    Returns:
        All outputs of the model for each edit, shape (n, *output), float64.
    """
    direction = random_directions(explanation, 1, seed)

    def turned(part: Tensor) -> Tensor:
        lengths: Tensor = change_at_layer(explanation, part).norm(dim=1, keepdim=True)
        return lengths * direction

    return _run_changed(explanation, turned, scales)


def random_directions(
    explanation: NetworkDecomposition, count: int, seed: int
) -> Float[Tensor, "d m"]:
    """Draw directions of length 1 on the active units of the layer, float64.

    Args:
        explanation: its layer and input are taken.
        count: d, how many.
        seed: of the draw.
    """
    active = explanation.svd.active
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, len(active), generator=generator, dtype=torch.float64)
    directions = drawn.new_zeros(count, explanation.split.right.shape[0]).to(active.device)
    directions[:, active] = (drawn / drawn.norm(dim=1, keepdim=True)).to(active.device)
    return directions


def _run_changed(
    explanation: NetworkDecomposition,
    change: Callable[[Tensor], Tensor],
    scales: Float[Tensor, "n r"],
) -> Float[Tensor, "n ..."]:
    """Run edits whose changes are made a block at a time: there may be many, of many units."""
    z, block = explanation.split.right.value.reshape(1, -1), explanation.linearization.block
    outputs = [run_rest(explanation, z + change(part).to(z)) for part in scales.split(block)]
    return torch.cat(outputs)


@full_precision()
def run_rest(
    explanation: NetworkDecomposition, values: Float[Tensor, "n m"]
) -> Float[Tensor, "n ..."]:
    """Return what the untouched rest of the network makes of some outputs of the layer.

    Args:
        explanation: its layer and input are taken; what goes around the layer comes from x.
        values: in place of the layer's flattened output, one row for each run, shape (n, m).

    Returns:
        All outputs of the model for each run, shape (n, *output), float64.
    """
    lin = explanation.linearization.at_x
    rest = lin.left(explanation.layer, explanation.split.right.value)
    block = 1 if len(values) == 1 or rest.layout is None else lin.block
    with torch.no_grad():
        outputs = [rest.function(part.to(rest.x)) for part in values.split(block)]
    return torch.cat([part.reshape(-1, *lin.output.shape[1:]) for part in outputs]).double()


@full_precision()
def added_at_baseline(
    explanation: NetworkDecomposition, changes: Float[Tensor, "n m"]
) -> Float[Tensor, " n"] | None:
    """Return what changes of the layer do to the explained output where all else is the baseline's.

    Args:
        explanation: of one output.
        changes: added to h₀, what the layer gives at the baseline; one row each, float64.

    Returns:
        The network's answer with each change less that without; None where there is no baseline,
        or something goes around the layer.
    """
    if explanation.baseline is None or not explanation.cut:
        return None
    lin = explanation.linearization.at_x
    with torch.no_grad():
        start = run_until(lin.network, lin.addresses(explanation.layer), explanation.baseline)
    z = start.reshape(1, -1).double()
    answers = explained(run_rest(explanation, torch.cat([z, z + changes])), explanation.target)
    return answers[1:] - answers[0]


def explained(outputs: Float[Tensor, "n ..."], target: Target) -> Float[Tensor, "n ..."]:
    """Select the explained output of each sample; all of them when the target is None."""
    return outputs if target is None else torch.stack([sample[target] for sample in outputs])
