"""From a model and an input to an explanation, in one call."""

from dataclasses import replace

from torch import nn

from specxai.affine import (
    Against,
    Baseline,
    Forward,
    Inputs,
    Layers,
    Linearization,
    Model,
    Precision,
    RuleChoice,
    Target,
    contrasting,
    default_layer,
    linearize,
)
from specxai.affine.tracing.faults import in_our_words
from specxai.errors import InvalidInputError
from specxai.progress import Progress, silent
from specxai.spectral.explanation import Explanation
from specxai.spectral.records.features import (
    NAMELESS,
    Groups,
    Names,
    Units,
    read_features,
)
from specxai.spectral.records.network_decomposition import assemble_result
from specxai.spectral.split import split
from specxai.spectral.svd.exact import decompose_exactly
from specxai.spectral.svd.krylov import Krylov, krylov_svd
from specxai.spectral.svd.memory import read_memory, within
from specxai.spectral.svd.solver import Method, Solver, read_method


def explain(
    model: Model,
    x: Inputs,
    layer: Layers = None,
    target: Target = None,
    *,
    rule: RuleChoice = "tangent",
    wrt: int | str | None = None,
    forward: Forward | None = None,
    precision: Precision = "native",
    method: Method = "auto",
    memory: int | str | None = None,
    progress: Progress = silent,
    baseline: Baseline = None,
    average: int = 1,
    noise: float = 0.15,
    against: Against | None = None,
    feature_names: Names | None = None,
    units: Units | None = None,
    groups: Groups | None = None,
    names_dim: int | None = None,
    scale: object = None,
) -> Explanation:
    """Explain an output of a network as a sum of spectral components (8–20).

    The network is the affine map y = u x + b at x. It is split at a layer, u = L R, and the
    singular value decomposition R = U Σ Vᵀ gives y_j = Σ_k α_k + unresolved + bypass + b_j, where
    ``unresolved`` is what the components that were not computed add: nothing, if all were.

    Args:
        model: an nn.Module in eval mode, or a network that `specxai.models.load_model` has loaded,
            whose name and class names the result takes.
        x: one input with its batch dimension, shape (1, *input): a tensor, a NumPy array, or for a
            loaded network a picture of Pillow; or a tuple or dict of arguments.
        layer: the module to split at, or its address, as ``specxai layers`` lists them; ``name#2``
            is the second call of a module. Several are taken together. None takes the whole
            network, R = u. ``auto`` takes the last cut with positions, else the last before the
            output; see `specxai.affine.default_layer`.
        target: output to explain, an int or a tuple of ints. None takes the largest of a (1, C)
            output, or, with ``layer=None``, all outputs.
        rule: how operations that are not piecewise linear become affine: ``tangent`` (15),
            ``secant`` (14), or a mapping from operation names and module patterns to these.
        wrt: which argument to explain, by position or name; see `linearize`.
        forward: calls the model and returns the tensor to explain; see `linearize`.
        precision: ``native`` computes in the model's dtype, ``double`` in float64.
        method: ``exact`` computes every component; ``krylov`` the leading ones, by products;
            ``auto`` the exact ones where they fit in memory and take no more than 10 minutes;
            ``leading`` those of largest |α| that carry 90 % of u·x, at most eight. Or
            one of `Exact`, `Krylov` and `Auto` with options of its own, such as
            ``Krylov(n_components=16)``.
        memory: bytes, or text such as ``2GiB``, that may be taken beside the model; None for what
            is free.
        progress: called with a stage's name, the work done and the work in all.
        baseline: x₀, a tensor like x, ``zero``, ``mean``, ``blur`` or ``auto``: the map leads from
            it to x, y = y₀ + Σ_k α_k + unresolved + bypass with α_k = ψ_k σ_k φ_k·(x − x₀). None is
            the map at x alone.
        average: how many noisy copies of x a map from a baseline is averaged over; all work takes
            as many times longer.
        noise: standard deviation of their noise, in parts of the scale, or of that of x.
        against: other outputs that are taken away from the explained one: a number, several, whose
            mean is taken, ``runner-up``, or ``mean``, that of all others.
        feature_names: names of the input values, in their order or by position, which results,
            files and figures keep; with ``names_dim`` of the positions along a dimension.
        units: their units, in the order of the names or by name.
        groups: by name the positions, or the names, of input values that belong together; see
            `Explanation.group_contributions`.
        names_dim: dimension of x, counted with the batch dimension, whose positions are named:
            1 for the tokens of a text in embeddings (1, tokens, width).
        scale: how much each value of the input varies: a fitted scaler of scikit-learn,
            deviations like x, or a tuple (mean, deviations). For inputs of unlike units: R diag(s)
            is decomposed, so that a unit of one counts as much as that of another, and no choice
            of units changes σ and α; all answers stay in the units of x. See `linearize`.

    Returns:
        The components and what stands beside them.

    Raises:
        SpecxaiError: see `linearize`, and for layers and targets `specxai.spectral.split`.
        NotEnoughMemoryError: the memory does not suffice; the message says what would.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> ex = explain(net.eval(), torch.ones(1, 3), layer="1")
    >>> bool(torch.isclose(ex.contributions.sum() + ex.bypass + ex.bias, ex.output))
    True
    """
    solver = read_method(method)
    if against is None and not isinstance(model, nn.Module):
        model.check_target(target)
    if against is not None:
        forward = contrasting(
            model, x, target, against, wrt=wrt, forward=forward, precision=precision
        )
        target = 0
    lin = linearize(
        model,
        x,
        rule,
        wrt=wrt,
        forward=forward,
        precision=precision,
        baseline=baseline,
        average=average,
        noise=noise,
        scale=scale,
    )
    named = feature_names, units, groups, names_dim
    features = read_features(lin.x.shape[1:], named, scale)  # before the work: they may not fit
    if features is not NAMELESS:
        _check_mean(lin, baseline)
    explanation = explain_at(lin, layer, target, solver, memory, progress)
    explanation = replace(explanation, features=features)
    if isinstance(model, nn.Module):
        return explanation.named(explanation.model, None if against is None else str(forward))
    output = model.class_name(explanation.target) if against is None else str(forward)
    return explanation.named(model.name, output, model.exclusive)


def _check_mean(lin: Linearization, baseline: Baseline) -> None:
    """Refuse a mean over values that have names, and units, of their own."""
    mean = isinstance(baseline, str) and baseline == "mean"
    if mean and lin.scale is None and lin.x.ndim == 2:
        raise InvalidInputError(
            "the mean of inputs that have names of their own is not known: give scale=(mean, "
            "deviations), a StandardScaler, or the mean itself as baseline="
        )


def explain_at(
    lin: Linearization,
    layer: Layers = None,
    target: Target = None,
    method: Method = "auto",
    memory: int | str | None = None,
    progress: Progress = silent,
) -> Explanation:
    """Explain an output of a network that is linearized already; see `explain`."""
    with in_our_words("the decomposition", (RuntimeError, MemoryError)):
        return _explained(lin, layer, target, read_method(method), memory, progress)


def _explained(
    lin: Linearization,
    layer: Layers,
    target: Target,
    solver: Solver,
    memory: int | str | None,
    progress: Progress,
) -> Explanation:
    if layer == "auto":
        layer = default_layer(lin)
    parts = split(lin, layer, target)
    budget = read_memory(memory, lin.x.device)
    parts = replace(parts, right=within(parts.right, budget))
    plan = solver.plan(parts.right, budget)
    if isinstance(plan, Krylov):
        svd = krylov_svd(parts.right, parts.left, plan, progress, budget)
    else:
        svd = decompose_exactly(parts.right, plan, progress)
    method = "krylov" if isinstance(plan, Krylov) else "exact"
    return assemble_result(Explanation, lin, parts, svd, type(lin.model).__name__, method)
