"""One input through all methods."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine import Target, linearize
from specxai.affine.target import choose_target
from specxai.cache import Cache
from specxai.compare.attribution import Attribution, Instance, Method
from specxai.compare.places import default_layers, last_map
from specxai.digest import digest
from specxai.errors import (
    InvalidInputError,
    LayerError,
    NotEnoughMemoryError,
    UnsupportedOperationError,
)
from specxai.progress import Progress, silent

# How a method says that it cannot take a network.
REFUSALS = (UnsupportedOperationError, LayerError, NotEnoughMemoryError)


@dataclass(frozen=True)
class Comparison:
    """What every method says of one output.

    Attributes:
        target: number of the output.
        output: y, its value.
        linear: u·x, its linear part (8).
        change: y − y₀, its change from the baseline.
        attributions: one for each method.
    """

    target: int
    output: float
    linear: float
    change: float
    attributions: tuple[Attribution, ...]


def prepare(
    model: nn.Module,
    x: Float[Tensor, "..."],
    target: Target = None,
    baseline: Float[Tensor, "1 C H W"] | None = None,
    layers: Sequence[str] | None = None,
    seed: int = 0,
) -> tuple[Instance, Sequence[str]]:
    """Make an instance, and find the layers to look at.

    Args:
        model: the network, in eval mode.
        x: the input, shape (1, C, H, W).
        target: output to explain; None takes the largest.
        baseline: an input in which there is nothing to see; None takes zeros.
        layers: addresses for our components; None takes the last convolution and the layer before
            the output.
        seed: of the methods that sample.

    Returns:
        The instance, and the addresses.

    Raises:
        InvalidInputError: the input is no image, or the outputs are no row.
        LayerError: a layer does not exist, or none lies on all paths.
    """
    if x.ndim != 4 or len(x) != 1:
        raise InvalidInputError(
            f"methods are compared on one image, shape (1, C, H, W), not {tuple(x.shape)}"
        )
    lin = linearize(model, x)
    chosen = choose_target(lin.output, target)
    if not isinstance(chosen, int) or lin.output.ndim != 2:
        raise InvalidInputError("methods are compared on one output of a row of them (1, classes)")
    instance = Instance(
        model,
        lin.x,
        chosen,
        torch.zeros_like(x) if baseline is None else baseline,
        last_map(lin),
        seed,
    )
    places = layers or default_layers(lin)
    for place in places:
        lin.layer(place)
    return instance, places


def compare_methods(
    instance: Instance,
    methods: Sequence[Method],
    cache: Cache | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Attribute one output by each of the methods.

    Args:
        instance: what is to be explained.
        methods: in the order of the result.
        cache: where finished attributions are kept, if anywhere.
        progress: told of each method.

    Returns:
        Maps with sums, times and passes; a method that cannot take the network has a reason
        instead.
    """
    totals = totals_of(instance)
    found = []
    for number, method in enumerate(methods):
        progress("methods", number, len(methods))
        found.append(attribute(instance, method, totals, cache))
    progress("methods", len(methods), len(methods))
    return Comparison(instance.target, totals["y"], totals["u·x"], totals["y − y₀"], tuple(found))


def attribute(
    instance: Instance, method: Method, totals: dict[str, float], cache: Cache | None = None
) -> Attribution:
    """Attribute one output by one method, or take what it said from the cache.

    Args:
        instance: what is to be explained.
        method: how.
        totals: the numbers that attributions may add up to, by `Total`.
        cache: where finished attributions are kept, if anywhere.
    """
    expected = totals.get(method.total, float("nan"))

    def compute() -> dict[str, Tensor]:
        attribution = _run(instance, method, expected)
        numbers = torch.tensor(
            [attribution.forward, attribution.backward, attribution.seconds], dtype=torch.float64
        )
        reason = torch.tensor(list(attribution.refusal.encode()), dtype=torch.uint8)
        map_ = torch.zeros(0) if attribution.map is None else attribution.map
        return {"map": map_, "numbers": numbers, "refusal": reason}

    if cache is None:
        return _run(instance, method, expected)
    settings = {"instance": name_instance(instance), "method": method.name, "about": method.about}
    kept = cache.step(f"{method.name}-{settings['instance'][:12]}", settings, compute)
    forward, backward, seconds = kept["numbers"].tolist()
    return Attribution(
        method.name,
        kept["map"] if kept["map"].numel() else None,
        bytes(kept["refusal"].tolist()).decode(),
        method.total,
        expected,
        int(forward),
        int(backward),
        seconds,
    )


def totals_of(instance: Instance) -> dict[str, float]:
    """Return the numbers that attributions of an instance may add up to, by `Total`."""
    lin = linearize(instance.model, instance.x)
    picked = torch.zeros_like(lin.output)
    picked[0, instance.target] = 1
    linear = float((lin.vjp(picked).double() * instance.x.double()).sum())
    with torch.no_grad():
        # A copy, because a network may write into its input.
        nothing = float(instance.model(instance.baseline.clone())[0, instance.target])
    output = float(lin.output[0, instance.target])
    return {"y": output, "u·x": linear, "y − y₀": output - nothing}


def _run(instance: Instance, method: Method, expected: float) -> Attribution:
    """Time a method and count the samples it sends through the network."""
    counted = replace(instance, passes=type(instance.passes)())
    values: Float[Tensor, "1 _ H W"] | None = None
    refusal = ""
    begun = time.perf_counter()
    try:
        with counted.passes.watch(instance.model):
            values = method.values(counted)
        if not values.isfinite().all():
            raise UnsupportedOperationError(f"{method.name} gives values that are no numbers")
    except REFUSALS as fault:
        values, refusal = None, str(fault)
    seconds = time.perf_counter() - begun
    return Attribution(
        method.name,
        None if values is None else values[0].detach().double().cpu().sum(0),
        refusal,
        method.total,
        expected,
        counted.passes.forward,
        counted.passes.backward,
        seconds,
    )


def name_instance(instance: Instance) -> str:
    """Name an instance by all that an attribution depends on."""
    tensors = {"x": instance.x, "baseline": instance.baseline, **instance.model.state_dict()}
    kind = f"{type(instance.model).__qualname__} {instance.model}"
    return digest(tensors, f"{kind} {instance.target} {instance.layer} {instance.seed}")
