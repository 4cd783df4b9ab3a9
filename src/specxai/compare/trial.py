"""One method put to the test on one image."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from specxai.cache import Cache
from specxai.compare.attribution import Attribution, Instance, Method
from specxai.compare.comparison import attribute, run_method
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
    area,
    area_of_energy,
    blurred,
    deletion_curve,
    gini,
    insertion_curve,
    mass_inside,
    mean_color,
    noisy_inputs,
    points_inside,
    rank_correlation,
    relative_change,
    sum_error,
)
from specxai.errors import InvalidInputError, UnsupportedOperationError
from specxai.files import digest

# Random orders of the pixels that are averaged to say what a map that knows nothing gets.
_ORDERS = 2

Values = dict[str, float]


@dataclass(frozen=True)
class Subject:
    """One image to measure on.

    Attributes:
        name: of the image.
        instance: what is to be explained in it.
        mask: where the object is, shape (H, W); None if that is not known.
        cache: where finished measurements are kept, if anywhere.
        baselines: beside that of the instance, to see what depends on it.

    Raises:
        InvalidInputError: the mask is empty, or not of the image's size.
    """

    name: str
    instance: Instance
    mask: Bool[Tensor, "_ _"] | None = None
    cache: Cache | None = None
    baselines: tuple[Float[Tensor, "1 _ _ _"], ...] = ()

    def __post_init__(self) -> None:
        size = self.instance.x.shape[2:]
        if self.mask is not None and (self.mask.shape != size or not self.mask.any()):
            raise InvalidInputError(
                f"the mask of {self.name} has {int(self.mask.sum())} pixels of "
                f"{tuple(self.mask.shape)}: give one of shape {tuple(size)} with the object in it"
            )

    def curves(self, map: Float[Tensor, "H W"], fractions: Sequence[float]) -> Values:
        """Return the areas under deletion and insertion of a map."""
        model, x, target = self.instance.model, self.instance.x, self.instance.target
        down = deletion_curve(model, x, target, map, mean_color(x), fractions)
        up = insertion_curve(model, x, target, map, blurred(x), fractions)
        return {DELETION.label: area(fractions, down), INSERTION.label: area(fractions, up)}

    def chance(self, fractions: Sequence[float]) -> Values:
        """Return what a map that knows nothing gets: random orders, equal values."""

        def compute() -> Values:
            generator = torch.Generator().manual_seed(self.instance.seed)
            maps = torch.rand(_ORDERS, *self.instance.x.shape[2:], generator=generator)
            curves = [self.curves(each, fractions) for each in maps]
            return {key: sum(each[key] for each in curves) / len(curves) for key in curves[0]}

        expected = self.kept("chance", {"fractions": list(fractions)}, compute)
        if self.mask is None:
            return expected
        share = float(self.mask.double().mean())
        return {**expected, MASS_INSIDE.label: share, POINTING_GAME.label: share}

    def kept(self, step: str, settings: dict[str, Any], compute: Callable[[], Values]) -> Values:
        """Return named numbers of this image, from the cache or by computing them."""
        if self.cache is None:
            return compute()
        tensors = self.cache.step(
            f"{step}-{self.instance.digest[:12]}",
            {"instance": self.instance.digest, **settings},
            lambda: {key: torch.tensor(v, dtype=torch.float64) for key, v in compute().items()},
        )
        return {key: float(value) for key, value in tensors.items()}


@dataclass(frozen=True)
class Trial:
    """One method on one image; what a method refuses, or what does not apply, has no value.

    Attributes:
        subject: the image.
        method: the method.
    """

    subject: Subject
    method: Method

    @cached_property
    def attribution(self) -> Attribution:
        """What the method says."""
        return attribute(self.subject.instance, self.method, self.subject.cache)

    @property
    def map(self) -> Float[Tensor, "H W"]:
        """The method's map.

        Raises:
            UnsupportedOperationError: the method refused.
        """
        if self.attribution.map is None:
            raise UnsupportedOperationError(self.attribution.refusal)
        return self.attribution.map

    def of_the_map(self) -> Values:
        """Return the measures that need no more than the map: completeness, sparsity, place."""
        measured = {GINI.label: gini(self.map), AREA_OF_ENERGY.label: area_of_energy(self.map)}
        if self.attribution.total:
            expected, output = self.attribution.expected, self.subject.instance.totals["y"]
            measured[SUM_ERROR.label] = sum_error(self.attribution.sum, expected, output)
        mask = self.subject.mask
        if mask is not None:
            measured[MASS_INSIDE.label] = mass_inside(self.map, mask)
            measured[POINTING_GAME.label] = points_inside(self.map, mask)
        return measured

    def perturbation(self, fractions: Sequence[float]) -> Values:
        """Return the areas under deletion and insertion."""
        settings = {"fractions": list(fractions)}
        return self._kept("curves", settings, lambda: self.subject.curves(self.map, fractions))

    def stability(self, size: float, draws: int) -> Values:
        """Return the mean change under noise of one size."""
        label = replace(CHANGE, setting=noise_setting(size)).label

        def compute() -> Values:
            instance = self.subject.instance
            inputs = noisy_inputs(instance.x, size, draws, instance.seed)
            others = self._maps(replace(instance, x=x) for x in inputs)
            changes = [relative_change(self.map, other) for other in others]
            return {label: sum(changes) / len(changes)} if changes else {}

        return self._kept(f"noise-{size:g}", {"size": size, "draws": draws}, compute)

    def dependence(self) -> Values:
        """Return the mean change of the map from other baselines, if the method takes one."""

        def compute() -> Values:
            instance = self.subject.instance
            own = instance.baseline
            given = (x for x in self.subject.baselines if not x.equal(own))
            others = self._maps(replace(instance, baseline=x) for x in given)
            changes = [relative_change(self.map, other) for other in others]
            return {BASELINE_CHANGE.label: sum(changes) / len(changes)} if any(changes) else {}

        baselines = {f"baseline {k}": x for k, x in enumerate(self.subject.baselines)}
        return self._kept("baselines", {"baselines": digest(baselines)}, compute)

    def randomization(self, setting: str, model: nn.Module, depth: int) -> Values:
        """Return how similar the map of a network is whose last layers are random."""
        signed, sizes = (
            replace(each, setting=setting) for each in (SIMILARITY, SIMILARITY_OF_SIZES)
        )

        def compute() -> Values:
            return {
                label: value
                for other in self._maps([replace(self.subject.instance, model=model)])
                for label, value in (
                    (signed.label, rank_correlation(self.map, other)),
                    (sizes.label, rank_correlation(self.map.abs(), other.abs())),
                )
            }

        return self._kept(f"random-{depth}", {"depth": depth}, compute)

    def _maps(self, instances: Iterator[Instance] | list[Instance]) -> Iterator[Tensor]:
        """Yield the maps of changed instances, those that the method does not refuse."""
        for instance in instances:
            changed = run_method(instance, self.method).map
            if changed is not None:
                yield changed

    def _kept(self, step: str, settings: dict[str, Any], compute: Callable[[], Values]) -> Values:
        about = {"method": self.method.name, "about": self.method.about}
        return self.subject.kept(f"{step}-{self.method.name}", {**about, **settings}, compute)


def noise_setting(size: float) -> str:
    """Name a size of noise."""
    return f"{size:.3g} σ"
