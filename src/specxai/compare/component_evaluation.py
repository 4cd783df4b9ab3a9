"""Components at layers, over images: how few, how stable, and what the real network says."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from torch import Tensor, nn

from specxai.compare.attribution import Instance
from specxai.compare.comparison import REFUSALS
from specxai.compare.components import Search, explain_instance
from specxai.compare.interventions import Intervention, agreement, intervene
from specxai.compare.metrics import (
    CANCELLATION,
    COMPONENT_CHANGE,
    HELD,
    Interval,
    Measure,
    bootstrap,
    bootstrap_means,
    cancellation,
    component_change,
    held,
    noisy_inputs,
    randomized_copies,
    weighted_layers,
)
from specxai.compare.trial import Subject, Values, noise_setting
from specxai.errors import InvalidInputError
from specxai.progress import Progress, silent
from specxai.spectral import Explanation
from specxai.spectral.records.contraction import default_blur

SHOWN = 8  # components of largest |α| that are asked about
_HELD = (1, 3, 8)
_AVERAGE = 8
_LOOSE = 0.9  # relative residual of the vectors of a shuffled network

_REAL = "Does the network do what the components say?"
_MEAN = "real is the mean of what it loses without the component at x and gains by it at the "
_MEAN += "baseline (the first alone, where there is no baseline)"
CORRELATION = Measure(
    _REAL,
    "correlation",
    "higher",
    f"Pearson's, of α and of the network's real change, over all components shown; {_MEAN}",
    "a few large components decide",
)
SLOPE = Measure(
    _REAL,
    "real per predicted",
    "",
    "least squares through zero: 1 is calibrated, above 1 the network depends on them more",
    "a few large components decide",
)
RANDOM = Measure(
    _REAL,
    "random directions",
    "lower",
    "effect of taking out as much along random directions of the active units, in parts of the "
    "components' effect",
    "random directions are easy to beat where few units matter",
)
SHUFFLED = Measure(
    _REAL,
    "shuffled network",
    "lower",
    "the same along the leading components of the network with shuffled weights",
    "the architecture alone may give directions that matter",
)


@dataclass(frozen=True)
class Route:
    """Which map is decomposed.

    Attributes:
        name: of the map, in tables.
        from_baseline: whether it leads from the instance's baseline.
        average: over how many noisy copies.
    """

    name: str
    from_baseline: bool
    average: int = 1


POINTWISE = Route("at x", False)
FROM_BASELINE = Route("from the baseline", True)
AVERAGED = Route(f"from the baseline, averaged over {_AVERAGE}", True, _AVERAGE)
ROUTES = (POINTWISE, FROM_BASELINE, AVERAGED)


@dataclass(frozen=True, kw_only=True)
class ComponentEvaluation:
    """Measures of the leading components, over all images.

    Attributes:
        rows: layer and map, in the order of the tables.
        measures: in the order of the tables.
        means: by row and label of the measure; what does not apply is missing.
        refusals: why, by row and image.
        interventions: by row: what was foretold and what the network did, image after image.
        images: their names.
    """

    rows: tuple[tuple[str, str], ...]
    measures: tuple[Measure, ...]
    means: dict[tuple[str, str], dict[str, Interval]]
    refusals: dict[tuple[str, str], dict[str, str]]
    interventions: dict[tuple[str, str], tuple[Intervention, ...]]
    images: tuple[str, ...]


def evaluate_components(
    subjects: Sequence[Subject],
    layers: Sequence[str],
    noises: Sequence[float],
    search: Search,
    routes: Sequence[Route] = ROUTES,
    progress: Progress = silent,
) -> ComponentEvaluation:
    """Measure the leading components at layers, on images of one network.

    Args:
        subjects: the images; at least one.
        layers: addresses.
        noises: sizes of the noise, in standard deviations of the input.
        search: how components are found.
        routes: the maps that are decomposed.
        progress: told of each image, layer and map.

    Returns:
        Means with 95 % bootstrap intervals over the images; correlation and slope are those of all
        components together, their intervals over resampled images.

    Raises:
        InvalidInputError: there is no image.
    """
    if not subjects:
        raise InvalidInputError("no image to measure on: give at least one")
    instance = subjects[0].instance
    shuffled = shuffled_copy(instance)
    rows = tuple((layer, route.name) for layer in layers for route in routes)
    measured: defaultdict[tuple[str, str], list[Values]] = defaultdict(list)
    refusals: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    done, total = 0, len(subjects) * len(rows)
    for subject in subjects:
        for layer in layers:
            for route in routes:
                trial = _Trial(subject, layer, route, search, tuple(noises), shuffled)
                try:
                    values = trial.values()
                    measured[layer, route.name].append(values)
                except REFUSALS as fault:
                    refusals[layer, route.name][subject.name] = str(fault)
                progress("components", done := done + 1, total)
    return ComponentEvaluation(
        rows=rows,
        measures=tuple(_measures(noises)),
        means={row: _means(values, instance.seed) for row, values in measured.items()},
        refusals=dict(refusals),
        interventions={
            row: tuple(each for one in values for each in _interventions(one))
            for row, values in measured.items()
        },
        images=tuple(subject.name for subject in subjects),
    )


def shuffled_copy(instance: Instance) -> nn.Module:
    """Return the network with the weights of all its layers shuffled."""
    weighted = weighted_layers(instance.model, instance.x)
    return next(randomized_copies(instance.model, weighted, [len(weighted)], instance.seed))


@dataclass(frozen=True)
class _Trial:
    """The components of one image at one layer, by one map."""

    subject: Subject
    layer: str
    route: Route
    search: Search
    noises: tuple[float, ...]
    shuffled: nn.Module

    def values(self) -> Values:
        """Return all that is measured, from the cache or by measuring it."""
        settings: dict[str, Any] = {
            "layer": self.layer,
            "route": asdict(self.route),
            "search": str(self.search),
            "noises": list(self.noises),
        }
        return self.subject.kept(
            f"components-{self.layer}-{self.route.name}", settings, self._measured
        )

    def _measured(self) -> Values:
        instance = self.subject.instance
        ex = self._explain(instance)
        total = float(ex.contributions.sum() + ex.unresolved)
        found = {
            CANCELLATION.label: cancellation(ex.contributions, float(ex.unresolved), total),
            **{
                replace(HELD, setting=f"first {n}").label: held(ex.contributions, total, n)
                for n in _HELD
            },
        }
        leading = ex.top(SHOWN)
        maps = _shown(ex)
        for size in self.noises:
            moved = next(noisy_inputs(instance.x, size, 1, instance.seed))
            others = _shown(self._explain(replace(instance, x=moved)))
            label = replace(COMPONENT_CHANGE, setting=noise_setting(size)).label
            found[label] = component_change(maps, others)
        beside = self._beside(instance)
        for n, each in enumerate(intervene(ex, leading.tolist(), beside, instance.seed)):
            values = {name: value for name, value in asdict(each).items() if value is not None}
            found |= {f"{n} {name}": float(value) for name, value in values.items()}
        return found

    def _explain(self, instance: Instance) -> Explanation:
        return self._searched(instance, SHOWN, self.search)

    def _beside(self, instance: Instance) -> Explanation | None:
        """Explain the shuffled network, if it lets anything through.

        Its singular values are nearly equal, so that no vector settles: some of the largest serve.
        """
        try:
            loose = replace(self.search, tol=_LOOSE)
            return self._searched(replace(instance, model=self.shuffled), 1, loose)
        except REFUSALS:
            return None

    def _searched(self, instance: Instance, n: int, search: Search) -> Explanation:
        route = self.route
        return explain_instance(instance, self.layer, n, search, route.from_baseline, route.average)


def _shown(ex: Explanation) -> Tensor:
    """Return the contribution maps as figures show them."""
    return ex.contribution_maps(ex.top(SHOWN), blur=default_blur(ex.x))


def _measures(noises: Sequence[float]) -> list[Measure]:
    stable = [replace(COMPONENT_CHANGE, setting=noise_setting(size)) for size in noises]
    shares = [replace(HELD, setting=f"first {n}") for n in _HELD]
    return [CANCELLATION, *shares, CORRELATION, SLOPE, RANDOM, SHUFFLED, *stable]


def _interventions(values: Values) -> list[Intervention]:
    """Put together again what was kept as named numbers."""
    found: list[Intervention] = []
    while f"{len(found)} component" in values:
        names = (field.name for field in fields(Intervention))
        known: dict[str, Any] = {name: values.get(f"{len(found)} {name}") for name in names}
        found.append(Intervention(**{**known, "component": int(known["component"])}))
    return found


def _means(measured: Sequence[Values], seed: int) -> dict[str, Interval]:
    """Average over images; of interventions, pool the components and resample the images."""
    alone = (
        {label: value for label, value in values.items() if not label[0].isdigit()}
        for values in measured
    )
    means = bootstrap_means(list(alone), seed)
    asked = [_interventions(values) for values in measured]
    asked = [one for one in asked if one]
    for measure, name in (
        (CORRELATION, "correlation"),
        (SLOPE, "slope"),
        (RANDOM, "random"),
        (SHUFFLED, "shuffled"),
    ):
        interval = bootstrap(asked, _pooled(name), seed) if asked else None
        if interval is not None and interval.mean == interval.mean:
            means[measure.label] = interval
    return means


def _pooled(name: str) -> Callable[[Sequence[list[Intervention]]], float]:
    def statistic(images: Sequence[list[Intervention]]) -> float:
        return float(getattr(agreement([each for one in images for each in one]), name))

    return statistic
