"""From a model and an input to an explanation, in one call."""

from typing import Literal

from torch import nn

from specxai.affine import (
    Forward,
    Inputs,
    Layers,
    Linearization,
    RuleChoice,
    Target,
    linearize,
)
from specxai.errors import InvalidInputError
from specxai.spectral.explanation import Explanation
from specxai.spectral.split import split
from specxai.spectral.svd import Progress, exact_svd

Method = Literal["auto", "exact"]


def explain(
    model: nn.Module,
    x: Inputs,
    layer: Layers = None,
    target: Target = None,
    *,
    rule: RuleChoice = "tangent",
    wrt: int | str | None = None,
    forward: Forward | None = None,
    method: Method = "auto",
    progress: Progress = lambda stage, done, total: None,
) -> Explanation:
    """Explain an output of a network as a sum of spectral components (8–20).

    The network is the affine map y = u x + b at x. It is split at a layer, u = L R, and the
    singular value decomposition R = U Σ Vᵀ gives y_j = Σ_k α_k + bypass + b_j.

    Args:
        model: an nn.Module in eval mode.
        x: one input with its batch dimension, shape (1, *input), or a tuple or dict of arguments.
        layer: address of the layer to split at, as ``specxai layers`` lists them; ``name#2`` is
            the second call of a module. Several addresses are taken together. None takes the
            whole network, R = u.
        target: output to explain, an int or a tuple of ints. None takes the largest of a (1, C)
            output, or, with ``layer=None``, all outputs.
        rule: how operations that are not piecewise linear become affine: ``tangent`` (15),
            ``secant`` (14), or a mapping from operation names and module patterns to these.
        wrt: which argument to explain, by position or name; see `linearize`.
        forward: calls the model and returns the tensor to explain; see `linearize`.
        method: ``exact`` computes every component; ``auto`` chooses it.
        progress: called with a stage's name, the work done and the work in all.

    Returns:
        The components and what stands beside them.

    Raises:
        SpecxaiError: see `linearize`, and for layers and targets `specxai.spectral.split`.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> ex = explain(net.eval(), torch.ones(1, 3), layer="1")
    >>> bool(torch.isclose(ex.contributions.sum() + ex.bypass + ex.bias, ex.output))
    True
    """
    lin = linearize(model, x, rule, wrt=wrt, forward=forward)
    return explain_at(lin, layer, target, method=method, progress=progress)


def explain_at(
    lin: Linearization,
    layer: Layers = None,
    target: Target = None,
    *,
    method: Method = "auto",
    progress: Progress = lambda stage, done, total: None,
) -> Explanation:
    """Explain an output of a network that is linearized already; see `explain`."""
    if method not in ("auto", "exact"):
        raise InvalidInputError(f"method={method!r} is unknown: choose 'auto' or 'exact'")
    parts = split(lin, layer, target)
    svd = exact_svd(parts.right, progress)
    return Explanation(lin, parts, svd, type(lin.model).__name__, "exact")
