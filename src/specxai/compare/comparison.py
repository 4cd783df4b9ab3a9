"""One input through all methods."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine import Target, linearize
from specxai.affine.contrast import contrast
from specxai.affine.target import choose_target
from specxai.cache import Cache
from specxai.compare.attribution import Attribution, Instance, Method
from specxai.compare.classifier_layers import default_layers, last_map
from specxai.errors import (
    InvalidInputError,
    LayerError,
    MissingExtraError,
    NotEnoughMemoryError,
    UnsupportedOperationError,
)
from specxai.progress import Progress, silent

# How a method says that it cannot take a network.
REFUSALS = (
    UnsupportedOperationError,
    LayerError,
    NotEnoughMemoryError,
    MissingExtraError,
    InvalidInputError,  # an output at the baseline that is no number
)


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
        contrast=contrast(lin.output, chosen, "runner-up") if lin.output.shape[1] > 1 else None,
    )
    addresses = layers or default_layers(lin)
    for address in addresses:
        lin.layer(address)
    return instance, addresses


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
    attributions = []
    for number, method in enumerate(methods):
        progress("methods", number, len(methods))
        attributions.append(attribute(instance, method, cache))
    progress("methods", len(methods), len(methods))
    totals = instance.totals
    return Comparison(
        instance.target, totals["y"], totals["u·x"], totals["y − y₀"], tuple(attributions)
    )


def attribute(instance: Instance, method: Method, cache: Cache | None = None) -> Attribution:
    """Attribute one output by one method, or take what it said from the cache.

    Args:
        instance: what is to be explained.
        method: how.
        cache: where finished attributions are kept, if anywhere.
    """
    expected = instance.totals[method.total] if method.total else float("nan")
    if cache is None:
        return replace(run_method(instance, method), expected=expected)

    def compute() -> dict[str, Tensor]:
        attribution = run_method(instance, method)
        numbers = [attribution.forward, attribution.backward, attribution.seconds]
        return {
            "map": torch.zeros(0) if attribution.map is None else attribution.map,
            "numbers": torch.tensor(numbers, dtype=torch.float64),
            "refusal": torch.tensor(list(attribution.refusal.encode()), dtype=torch.uint8),
        }

    settings = {"instance": instance.digest, "method": method.name, "about": method.about}
    kept = cache.step(f"{method.name}-{instance.digest[:12]}", settings, compute)
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


def run_method(instance: Instance, method: Method) -> Attribution:
    """Time a method and count the samples it sends through the network.

    Args:
        instance: what is to be explained.
        method: how.

    Returns:
        What the method says, without the number that it should add up to.
    """
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
        float("nan"),
        counted.passes.forward,
        counted.passes.backward,
        seconds,
    )
