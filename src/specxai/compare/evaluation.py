"""Every method on several images, measured in every way."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from specxai.affine import linearize
from specxai.compare.attribution import Method
from specxai.compare.classifier_layers import last_convolution
from specxai.compare.comparison import REFUSALS
from specxai.compare.components import FAST_SEARCH, FULL_SEARCH, Search, leading_maps
from specxai.compare.metrics import (
    AREA_OF_ENERGY,
    BASELINE_CHANGE,
    CHANGE,
    DELETION,
    GINI,
    INSERTION,
    MASS_INSIDE,
    POINTING_GAME,
    SIMILARITY,
    SIMILARITY_OF_SIZES,
    SUM_ERROR,
    Interval,
    Measure,
    bootstrap_mean,
    bootstrap_means,
    mean_overlap,
    random_depths,
    randomized_copies,
    weighted_layers,
    without_nan,
)
from specxai.compare.trial import Subject, Trial, Values, noise_setting
from specxai.compare.truth.pointing import POINTING, Pointing, point
from specxai.errors import InvalidInputError
from specxai.progress import Progress, silent

# So many of our leading components are asked whether they look at different places.
OVERLAPPING = 3


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        fractions: of the pixels, at which deletion and insertion are measured.
        noises: sizes of the noise, in standard deviations of the input.
        draws: of each noise.
        steps: of the randomisation, from the last layer down to all; a single step is all.
        search: how the components are found whose overlap is measured.
        mosaics: of four images of different classes, at most.
        apart: of them, those whose cells are also wired apart.
        stride: noise, other baselines and randomisation are tried on every so many-th image.
    """

    fractions: tuple[float, ...]
    noises: tuple[float, ...]
    draws: int
    steps: int
    search: Search = FULL_SEARCH
    mosaics: int = 16
    apart: int = 16
    stride: int = 1


FULL = Effort(tuple(k / 32 for k in range(33)), (0.001, 0.01, 0.05), 2, 3)
FAST = Effort(tuple(k / 8 for k in range(9)), (0.01,), 1, 1, FAST_SEARCH, 1)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Measures of every method, over all images.

    Attributes:
        methods: names, in the order of the tables, which is no ranking.
        measures: in the order of the tables.
        means: by method and label of the measure; what does not apply is missing.
        chance: what a map that knows nothing gets, by label of the measure.
        refusals: why, by method and image; for the overlap, by layer and image.
        overlaps: mean overlap of our leading components' maps, by layer.
        separation: by how much the overlap at the last of the layers exceeds that at the first,
            image by image; None with one layer.
        images: their names.
        measured: by method: what was measured, image by image, then mosaic by mosaic.
    """

    methods: tuple[str, ...]
    measures: tuple[Measure, ...]
    means: dict[str, dict[str, Interval]]
    chance: dict[str, Interval]
    refusals: dict[str, dict[str, str]]
    overlaps: dict[str, Interval]
    separation: Interval | None
    images: tuple[str, ...]
    measured: dict[str, tuple[Values, ...]]

    def lead(self, measure: Measure, method: str, other: str) -> Interval | None:
        """Return by how much a method is better than another, in pairs.

        None where the two were not measured on the same images.
        """
        merits = [
            [measure.merit(values[measure.label]) for values in each if measure.label in values]
            for each in (self.measured.get(name, ()) for name in (method, other))
        ]
        if not merits[0] or len(merits[0]) != len(merits[1]):
            return None
        return bootstrap_mean([ours - theirs for ours, theirs in zip(*merits, strict=True)])

    def best(self, measure: Measure) -> set[str]:
        """Return the methods whose mean speaks most for them, if any can."""
        merits = {
            method: measure.merit(means[measure.label].mean)
            for method, means in self.means.items()
            if measure.better and measure.label in means
        }
        return {method for method, merit in merits.items() if merit == max(merits.values())}


def evaluate(
    subjects: Sequence[Subject],
    methods: Sequence[Method],
    layers: Sequence[str],
    effort: Effort,
    progress: Progress = silent,
) -> Evaluation:
    """Measure methods on images, all of one network; seeds are those of the instances.

    Args:
        subjects: the images; at least one.
        methods: in the order of the tables.
        layers: addresses at which the overlap of our components is measured.
        effort: how much is measured: `FULL` or `FAST`.
        progress: told of each image and method.

    Returns:
        Means with 95 % bootstrap intervals over the images.

    Raises:
        InvalidInputError: there is no image.
    """
    if not subjects:
        raise InvalidInputError("no image to measure on: give at least one")
    first = subjects[0].instance
    seed, weighted = first.seed, weighted_layers(first.model, first.x)
    depths = _depths(len(weighted), effort.steps)
    values: defaultdict[str, list[Values]] = defaultdict(list)
    refusals: defaultdict[str, dict[str, str]] = defaultdict(dict)
    total, done = len(subjects) * (len(methods) + len(layers)), 0
    for number, subject in enumerate(subjects):
        for method in methods:
            trial = Trial(subject, method)
            if trial.attribution.refusal:
                refusals[method.name][subject.name] = trial.attribution.refusal
            else:
                values[method.name].append(_measure(trial, effort))
                if number % effort.stride == 0:
                    values[method.name][-1] |= _repeat(trial, effort, weighted, depths)
            progress("measures", done := done + 1, total)
    pointing = _point(subjects, methods, effort, progress)
    for name, each in pointing.values.items():
        values[name] += each
    for name, reasons in pointing.refusals.items():
        for label, reason in reasons.items():
            refusals[f"{name}, {label}"] = {subject.name: reason for subject in subjects}
    overlaps: defaultdict[str, list[Values]] = defaultdict(list)
    for subject in subjects:
        for layer in layers:
            try:
                overlaps[layer].append(_overlap(subject, layer, effort.search))
            except REFUSALS as fault:
                refusals[layer][subject.name] = str(fault)
            progress("measures", done := done + 1, total)
    return Evaluation(
        methods=tuple(method.name for method in methods),
        measures=tuple(
            _measures(
                effort,
                depths,
                any(each.mask is not None for each in subjects),
                bool(pointing.values),
                any(each.baselines for each in subjects),
            )
        ),
        means={name: bootstrap_means(measured, seed) for name, measured in values.items()},
        chance=bootstrap_means([subject.chance(effort.fractions) for subject in subjects], seed),
        refusals=dict(refusals),
        overlaps={  # of layers with two components or more
            layer: mean
            for layer, measured in overlaps.items()
            for mean in bootstrap_means(measured, seed).values()
        },
        separation=_separation(overlaps, layers, len(subjects), seed),
        images=tuple(subject.name for subject in subjects),
        measured={name: tuple(map(without_nan, each)) for name, each in values.items()},
    )


def _point(
    subjects: Sequence[Subject], methods: Sequence[Method], effort: Effort, progress: Progress
) -> Pointing:
    """Run the methods on mosaics, where the network has a last convolution to be cut at."""
    first = subjects[0].instance
    layer = last_convolution(linearize(first.model, first.x))
    if not layer:
        return Pointing({}, {})
    return point(
        subjects, methods, layer, count=effort.mosaics, apart=effort.apart, progress=progress
    )


def _measures(
    effort: Effort, depths: dict[str, int], masks: bool, mosaics: bool, baselines: bool
) -> Iterator[Measure]:
    """Yield all that is measured, in the order of the tables."""
    yield from (DELETION, INSERTION, SUM_ERROR)
    yield from (replace(CHANGE, setting=noise_setting(size)) for size in effort.noises)
    yield from (BASELINE_CHANGE,) if baselines else ()
    for measure in (SIMILARITY, SIMILARITY_OF_SIZES):
        yield from (replace(measure, setting=setting) for setting in depths)
    yield from (MASS_INSIDE, POINTING_GAME) if masks else ()
    yield from POINTING if mosaics else ()
    yield from (GINI, AREA_OF_ENERGY)


def _depths(count: int, steps: int) -> dict[str, int]:
    """Return how many of the layers are random at each step of the randomisation, by name."""
    names = {1: "last layer random", count: f"all {count} layers random"}
    return {
        names.get(depth, f"last {depth} layers random"): depth
        for depth in random_depths(count, steps)
    }


def _measure(trial: Trial, effort: Effort) -> Values:
    """Measure one map of one image."""
    return {**trial.of_the_map(), **trial.perturbation(effort.fractions)}


def _repeat(
    trial: Trial, effort: Effort, weighted: Sequence[str], depths: dict[str, int]
) -> Values:
    """Measure by how much the map changes with input, baseline and weights."""
    measured = trial.dependence() if trial.subject.baselines else {}
    for size in effort.noises:
        measured |= trial.stability(size, effort.draws)
    instance = trial.subject.instance
    copies = randomized_copies(instance.model, weighted, list(depths.values()), instance.seed)
    for (setting, depth), model in zip(depths.items(), copies, strict=True):
        measured |= trial.randomization(setting, model, depth)
    return measured


def _overlap(subject: Subject, layer: str, search: Search) -> Values:
    """Measure how much the leading components at a layer look at the same places."""

    def compute() -> Values:
        maps = leading_maps(subject.instance, layer, OVERLAPPING, search=search)
        return {"overlap": mean_overlap(maps)}

    return subject.kept(f"overlap-{layer}", {"layer": layer, "search": str(search)}, compute)


def _separation(
    overlaps: dict[str, list[Values]], layers: Sequence[str], images: int, seed: int
) -> Interval | None:
    """Compare the overlap at the last layer with that at the first, image by image."""
    if len(layers) < 2:
        return None
    first, last = overlaps.get(layers[0], []), overlaps.get(layers[-1], [])
    if not len(first) == len(last) == images:
        return None
    pairs = zip(first, last, strict=True)
    differences = [{"": after["overlap"] - before["overlap"]} for before, after in pairs]
    return bootstrap_means(differences, seed).get("")
