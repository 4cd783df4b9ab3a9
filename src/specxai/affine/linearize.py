"""From a model and an input to the affine map that it is there (paper, equations 4, 8, 9)."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.averaged import AveragedLinearization, averaged, noisy
from specxai.affine.baselines import Baseline, NamedBaseline, read_baseline
from specxai.affine.contrast import Against, Contrast, contrast
from specxai.affine.from_baseline import from_baseline
from specxai.affine.linearization import Linearization
from specxai.affine.products.agreement import off_by_differences, recorded_agrees
from specxai.affine.products.numerics import full_precision
from specxai.affine.scale import Scale, read_scale
from specxai.affine.target import Target
from specxai.affine.tracing.arguments import Inputs, as_plain, read_arguments
from specxai.affine.tracing.conventions import Conventions, RuleChoice, read_conventions
from specxai.affine.tracing.faults import final, in_our_words
from specxai.affine.tracing.given import Model, as_module, as_tensors
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.precision import (
    Precision,
    computes_otherwise,
    describe_precision,
    working_dtype,
)
from specxai.affine.tracing.preconditions import (
    check_dependence,
    check_fixed,
    check_input,
    check_model,
    check_patterns,
    check_repeats,
    checked_output,
    model_failures,
    unwrapped,
)
from specxai.affine.tracing.root import Forward
from specxai.affine.tracing.trace import Trace, trace
from specxai.errors import InvalidInputError


@full_precision()
def linearize(
    model: Model,
    x: Inputs,
    rule: RuleChoice = "tangent",
    *,
    wrt: int | str | None = None,
    forward: Forward | None = None,
    precision: Precision = "native",
    baseline: Baseline = None,
    average: int = 1,
    noise: float = 0.15,
    seed: int = 0,
    scale: object = None,
) -> Linearization:
    """Find the affine map that a network is at one input (8).

    The model runs once untouched, once recorded and pulled back, and once with a tangent, so that
    forward and reverse derivatives are compared. Nothing stays on it.

    Args:
        model: an nn.Module in eval mode; the wrappers of ``torch.compile``, DataParallel and
            DistributedDataParallel are taken off. Or a network that `specxai.models.load_model`
            has loaded.
        x: one input with its batch dimension, shape (1, *input), of the model's dtype and device;
            or a tuple of positional or a dict of keyword arguments. A model of half precision is
            computed in float32. A NumPy array gets the model's dtype; a picture of Pillow is
            prepared as a loaded network says.
        rule: how operations that are not piecewise linear become affine: ``tangent`` (15),
            ``secant`` (14), or a mapping from operation names and module patterns to these.
        wrt: position or name of the argument to explain, the others are held fixed; None takes
            the only floating-point tensor.
        forward: for a model that does not return the tensor to explain: takes the model and its
            arguments and returns it, as in ``lambda model, x: model(x)["out"]``.
        precision: ``native`` computes in the model's dtype, ``double`` in float64.
        baseline: x₀, from which the map leads to x, y = y₀ + u·(x − x₀): a tensor like x, or
            ``zero``, ``mean``, ``blur``; see `read_baseline`. ``auto`` takes the mean that a
            scale knows, else ``zero``, or ``blur`` for a picture of which the map at x alone holds
            half of the output already. None is that map (8).
        average: how many noisy copies of x a map from a baseline is averaged over; products take
            as many times longer. 1 averages nothing.
        noise: standard deviation of the copies' normal noise, in parts of the scale, or of that
            of x.
        seed: of the noise.
        scale: how much each value of the input varies: a fitted scaler of scikit-learn,
            deviations like x, or a tuple (mean, deviations); see `read_scale`. The map stays in
            the units of x: its decomposition measures directions in units of the scale, noise is
            in parts of it, and ``baseline="mean"`` is its mean.

    Returns:
        The affine map, with its products, rows, bias, operation calls and layers.

    Raises:
        InvalidModelError: train mode, non-finite weights or output, random output.
        InvalidInputError: wrong shape, dtype or device, non-finite values, unknown rule,
            baseline or scale.
        UnsupportedOperationError: the network takes another path at the baseline.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> x = torch.ones(1, 3)
    >>> lin = linearize(net.eval(), x)
    >>> torch.allclose(lin.jvp(x) + lin.bias(), lin.output)
    True
    >>> through = linearize(net, x, baseline="zero")
    >>> torch.allclose(through.jvp(x - 0 * x) + net(0 * x), lin.output)
    True
    """
    conventions = read_conventions(rule)
    network, point = _prepared(model, x, wrt, forward, precision)
    baseline, model = as_tensors(baseline, model), network.module
    given = read_scale(scale, point)
    with torch.random.fork_rng([point.device] if point.is_cuda else []), model_failures(point):
        output, traced = _recorded(network, conventions, point)
        check_repeats(network, point, output, traced.output)
    check_dependence(traced.depends, traced.sites)
    check_patterns(conventions, model, traced.sites)
    digits = describe_precision(model, point.dtype, traced.left_out)
    # What a rule or a detachment holds fixed is no derivative of the values.
    hidden = any(site.hidden for site in traced.sites)
    plain = all(site.convention in (None, "tangent") for site in traced.sites)
    with in_our_words("the derivative"):
        off = off_by_differences(network, point, traced) if hidden and plain else 0.0
    lin = Linearization(
        network, point, output, traced.sites, traced.layers, digits, conventions, off=off
    )
    with in_our_words("the derivative"):
        if not recorded_agrees(network, point, traced):
            lin.right(None)
    lin.checked.add(("right",))
    if given is not None:
        lin = replace(lin, scale=given.deviation)
    if isinstance(baseline, str) and baseline == "auto":
        baseline = _advised(lin, given)
    start = read_baseline(baseline, point, network.arguments, given)
    if start is None and average != 1:
        raise InvalidInputError("average= is of a map from a baseline: give baseline= too")
    if start is None:
        return lin
    name = baseline if isinstance(baseline, str) else "given"
    through = from_baseline(lin, start, name)
    if average == 1:
        return through
    points = noisy(point, average, noise, seed, lin.scale)
    return averaged(through, (at_input(through, p) for p in points))


def _advised(lin: Linearization, scale: Scale | None) -> NamedBaseline:
    """Choose a baseline by what the map at x alone holds; see docs/baselines.md."""
    if scale is not None and scale.mean is not None:
        return "mean"
    if lin.x.ndim != 4:
        return "zero"
    output, linear = lin.output.flatten(), lin.jvp(lin.x).flatten()
    largest = output.argmax()
    flat = bool((lin.x == lin.x[:, :, :1, :1]).all())  # of one colour, which a blur keeps
    much = float(linear[largest]) > 0.5 * abs(float(output[largest]))
    return "blur" if much and not flat else "zero"


def at_input(lin: Linearization, x: Float[Tensor, "1 ..."]) -> Linearization:
    """Return the map of the same network, from the same baseline if there is one, at another input.

    Args:
        lin: the map at one input.
        x: another one, of its shape, dtype and device.
    """
    if isinstance(lin, AveragedLinearization):
        step = x - lin.x
        copies = (at_input(copy, copy.x + step) for copy in lin.copies)
        return averaged(at_input(lin.copies[0], x), copies)
    pointwise = lin.at_x
    if lin.baseline is not None:
        moved = _moved(pointwise, x)
        return from_baseline(moved, lin.baseline, lin.baseline_name or "given")
    network = replace(lin.network, plan={})
    with model_failures(x):
        output, traced = _recorded(network, lin.conventions, x)
    return replace(
        lin,
        network=network,
        x=x,
        output=output,
        sites=traced.sites,
        layers=traced.layers,
        repairs=[],
        checked=set(),
    )


@full_precision()
def contrasting(
    model: Model,
    x: Inputs,
    target: Target,
    against: Against,
    *,
    wrt: int | str | None = None,
    forward: Forward | None = None,
    precision: Precision = "native",
) -> Contrast:
    """Choose what an output is set against, from the model's outputs at x; see `contrast`.

    Args:
        model: as `linearize` takes it, like all that follow.
        x: the input.
        target: the output; None takes the largest.
        against: what it is set against.
        wrt: which argument is explained.
        forward: calls the model.
        precision: to compute in.

    Returns:
        A ``forward`` for `linearize`, whose only output is the contrast.
    """
    network, point = _prepared(model, x, wrt, forward, precision)
    with torch.no_grad(), model_failures(point):
        outputs = checked_output(network.module, network.untouched(point, fast_path=True))
    return contrast(outputs, target, against, forward)


def _prepared(
    model: Model,
    x: Inputs,
    wrt: int | str | None,
    forward: Forward | None,
    precision: Precision,
) -> tuple[Network, Float[Tensor, "1 ..."]]:
    """Return a checked model with its other arguments, and the checked input."""
    module = unwrapped(as_module(model))
    check_model(module)
    given, arguments = read_arguments(as_tensors(x, model), wrt)
    point = as_plain(given)
    check_input(module, point)
    check_fixed(arguments, point)
    point = point.detach().to(working_dtype(point.dtype, precision), copy=True)
    arguments = arguments.held(point.dtype)
    return Network(module, arguments=arguments, forward=forward, dtype=point.dtype), point


def _moved(lin: Linearization, x: Float[Tensor, "1 ..."]) -> Linearization:
    """Return the record of a network for another input, of which only the output is known."""
    with torch.no_grad(), model_failures(x):
        return replace(lin, x=x, output=checked_output(lin.model, lin.network(x)))


def _recorded(
    network: Network, conventions: Conventions, x: Float[Tensor, "1 ..."]
) -> tuple[Tensor, Trace]:
    """Return the output of the untouched model, and the record of another run.

    Where a model is computed in more digits than its own, the output is that of its rules.
    """
    otherwise = computes_otherwise(network.module, x.dtype)
    with torch.no_grad():
        if not otherwise:
            output = checked_output(network.module, network.untouched(x, fast_path=True))
        traced = _trace(network, conventions, x)
        network.plan.update(traced.plan)
        if otherwise or traced.left_out:
            output = checked_output(network.module, network(x))
    return output, traced


def _trace(network: Network, conventions: Conventions, x: Float[Tensor, "1 ..."]) -> Trace:
    try:
        return trace(network, conventions, x)
    except Exception as fault:  # an operation that insists on the dtype a cast would have made
        if final(fault):
            raise
        return trace(network, conventions, x, widen=False)
