"""Every method on several images, measured in every way."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from specxai.cache import Cache
from specxai.compare.attribution import Attribution, Instance, Method
from specxai.compare.comparison import Progress, attribute, name_instance, totals_of
from specxai.compare.components import FAST_SEARCH, FULL_SEARCH, Search, leading_maps
from specxai.compare.metrics import (
    Interval,
    area,
    area_of_energy,
    bootstrap_mean,
    deletion_curve,
    gini,
    insertion_curve,
    mass_inside,
    mean_overlap,
    noisy_inputs,
    points_inside,
    randomized_copies,
    rank_correlation,
    relative_change,
)
from specxai.errors import InvalidInputError


@dataclass(frozen=True)
class Subject:
    """One image to measure on.

    Attributes:
        name: of the image.
        instance: what is to be explained in it.
        mask: where the object is, shape (H, W); None if that is not known.
    """

    name: str
    instance: Instance
    mask: Bool[Tensor, "H W"] | None = None


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        fractions: of the pixels, at which deletion and insertion are measured.
        noises: sizes of the noise, in standard deviations of the input.
        draws: of each noise.
        steps: of the randomisation, from the output down to all layers.
        search: how the components are found whose overlap is measured.
    """

    fractions: tuple[float, ...]
    noises: tuple[float, ...]
    draws: int
    steps: int
    search: Search = FULL_SEARCH


FULL = Effort(tuple(k / 32 for k in range(33)), (0.001, 0.01, 0.05), 1, 3)
FAST = Effort(tuple(k / 8 for k in range(9)), (0.01,), 1, 1, FAST_SEARCH)


@dataclass(frozen=True)
class Evaluation:
    """Measures of every method, over all images.

    Attributes:
        methods: names, in the order of the tables.
        measures: names, in the order of the tables, with the better direction: −1 where low values
            speak for a method, 1 where high ones do, 0 where neither does.
        means: by method and measure; what does not apply is missing.
        refusals: why a method cannot take the network, by method.
        overlaps: mean overlap of the three leading components' maps, by layer.
        images: names of the images.
    """

    methods: tuple[str, ...]
    measures: dict[str, int]
    means: dict[str, dict[str, Interval]]
    refusals: dict[str, str]
    overlaps: dict[str, Interval]
    images: tuple[str, ...]


def evaluate(
    subjects: Sequence[Subject],
    methods: Sequence[Method],
    layers: Sequence[str],
    effort: Effort = FULL,
    cache: Cache | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Evaluation:
    """Measure methods on images.

    Args:
        subjects: the images; at least one.
        methods: in the order of the tables.
        layers: addresses at which the overlap of our components is measured.
        effort: how much is measured.
        cache: where finished measurements are kept, if anywhere.
        progress: told of each image and method.

    Returns:
        Means with bootstrap intervals over the images.
    """
    if not subjects:
        raise InvalidInputError("no image to measure on: give at least one")
    values: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    refusals: dict[str, str] = {}
    overlaps: defaultdict[str, list[float]] = defaultdict(list)
    total, done = len(subjects) * (len(methods) + len(layers)), 0
    for subject in subjects:
        for method in methods:
            found, refusal = _kept(subject, method, effort, cache)
            if refusal:
                refusals[method.name] = refusal
            for name, value in found.items():
                values[method.name][name].append(value)
            progress("measures", done := done + 1, total)
        for layer in layers:
            overlaps[layer].append(_overlap(subject, layer, effort.search, cache))
            progress("measures", done := done + 1, total)
    return Evaluation(
        tuple(method.name for method in methods),
        _measures(effort, any(subject.mask is not None for subject in subjects)),
        {m: {n: bootstrap_mean(v) for n, v in found.items()} for m, found in values.items()},
        refusals,
        {layer: bootstrap_mean(found) for layer, found in overlaps.items()},
        tuple(subject.name for subject in subjects),
    )


def _measures(effort: Effort, masks: bool) -> dict[str, int]:
    inside = {"mass inside mask": 1, "pointing game": 1, "mask's area": 0} if masks else {}
    return {
        "deletion": -1,
        "insertion": 1,
        "sum error": -1,
        **{_noise_name(size): -1 for size in effort.noises},
        **{_random_name(step, effort.steps): -1 for step in range(1, effort.steps + 1)},
        "Gini": 0,
        "area of 90 % energy": 0,
        **inside,
    }


def _noise_name(size: float) -> str:
    return f"change at noise {size:g}"


def _random_name(step: int, steps: int) -> str:
    return f"similarity, {round(100 * step / steps)} % random"


def _kept(
    subject: Subject, method: Method, effort: Effort, cache: Cache | None
) -> tuple[dict[str, float], str]:
    """Measure a method on an image, or take what was found from the cache."""

    def compute() -> dict[str, Tensor]:
        attribution = attribute(subject.instance, method, totals_of(subject.instance))
        found = dict(_measure(subject, method, attribution, effort))
        reason = torch.tensor(list(attribution.refusal.encode()), dtype=torch.uint8)
        numbers = {key: torch.tensor(value, dtype=torch.float64) for key, value in found.items()}
        return {"refusal": reason, **numbers}

    if cache is None:
        kept = compute()
    else:
        name = name_instance(subject.instance)
        settings = {
            "instance": name,
            "method": [method.name, method.about],
            "effort": [*effort.fractions, *effort.noises, effort.draws, effort.steps],
            "mask": subject.mask is not None and int(subject.mask.sum()),
        }
        kept = cache.step(f"measures-{method.name}-{name[:12]}", settings, compute)
    refusal = bytes(kept["refusal"].tolist()).decode()
    return {key: float(value) for key, value in kept.items() if key != "refusal"}, refusal


def _measure(
    subject: Subject, method: Method, attribution: Attribution, effort: Effort
) -> Iterator[tuple[str, float]]:
    """Yield the measures of one map by name."""
    if attribution.map is None:
        return
    instance, found = subject.instance, attribution.map
    curve = (
        instance.model,
        instance.x,
        instance.target,
        found,
        instance.baseline,
        effort.fractions,
    )
    yield "deletion", area(effort.fractions, deletion_curve(*curve))
    yield "insertion", area(effort.fractions, insertion_curve(*curve))
    if attribution.total:
        output = totals_of(instance)["y"]
        yield "sum error", abs(attribution.sum - attribution.expected) / abs(output)
    again = partial(_map, method)
    for size in effort.noises:
        inputs = noisy_inputs(instance.x, size, effort.draws, instance.seed)
        changes = [relative_change(found, again(replace(instance, x=x))) for x in inputs]
        yield _noise_name(size), sum(changes) / len(changes)
    copies = randomized_copies(instance.model, effort.steps, instance.seed)
    for step, (_, model) in enumerate(copies, 1):
        other = again(replace(instance, model=model))
        yield _random_name(step, effort.steps), abs(rank_correlation(found, other))
    yield "Gini", gini(found)
    yield "area of 90 % energy", area_of_energy(found)
    if subject.mask is not None:
        yield "mass inside mask", mass_inside(found, subject.mask)
        yield "pointing game", points_inside(found, subject.mask)
        yield "mask's area", float(subject.mask.double().mean())


def _map(method: Method, instance: Instance) -> Float[Tensor, "H W"]:
    return method.values(instance)[0].detach().double().cpu().sum(0)


def _overlap(subject: Subject, layer: str, search: Search, cache: Cache | None) -> float:
    def compute() -> dict[str, Tensor]:
        maps = leading_maps(subject.instance, layer, 3, search=search)
        return {"overlap": torch.tensor(mean_overlap(maps), dtype=torch.float64)}

    if cache is None:
        return float(compute()["overlap"])
    name = name_instance(subject.instance)
    settings = {"instance": name, "layer": layer, "search": str(search)}
    kept = cache.step(f"overlap-{layer}-{name[:12]}", settings, compute)
    return float(kept["overlap"])
