"""Methods on mosaics of the images: how much of what they find lies where it only can be."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from specxai.compare.attribution import Instance, Method
from specxai.compare.comparison import REFUSALS, run_method
from specxai.compare.metrics.localization import mass_inside
from specxai.compare.metrics.measure import Measure
from specxai.compare.trial import Subject, Values
from specxai.compare.truth.apart import APART, CellsApart, Wiring
from specxai.compare.truth.mosaics import GRID_POINTING, Mosaic, draw_groups, mosaic
from specxai.errors import UnsupportedOperationError
from specxai.progress import Progress, silent

POINTING: tuple[Measure, ...] = (GRID_POINTING, *APART.values())


@dataclass(frozen=True)
class Pointing:
    """What was measured on mosaics.

    Attributes:
        values: by method, one for each mosaic, by label of the measure.
        refusals: why, by method and measure.
    """

    values: dict[str, list[Values]]
    refusals: dict[str, dict[str, str]]


def point(
    subjects: Sequence[Subject],
    methods: Sequence[Method],
    layer: str,
    side: int = 2,
    count: int = 16,
    apart: int = 16,
    progress: Progress = silent,
) -> Pointing:
    """Run methods on mosaics of images of different classes.

    Args:
        subjects: the images, of one network and one size.
        methods: those that look at another layer than this one are left out where cells are apart.
        layer: address of the last convolution, behind which cells are wired apart.
        side: n, of n × n images.
        count: of mosaics, at most.
        apart: of them, those whose cells are also wired apart.
        progress: told of each mosaic and method.
    """
    values: defaultdict[str, list[Values]] = defaultdict(list)
    refusals: defaultdict[str, dict[str, str]] = defaultdict(dict)
    given = list(_mosaics(subjects, side, count))
    for number, (subject, whole) in enumerate(given):
        for done, method in enumerate(methods):
            wirings = APART if number < apart else {}
            found, refused = _measure(subject, whole, method, layer, wirings)
            refusals[method.name] |= refused
            if found:
                values[method.name].append(found)
            progress("mosaics", number * len(methods) + done + 1, len(given) * len(methods))
    return Pointing(dict(values), {name: each for name, each in refusals.items() if each})


def _mosaics(
    subjects: Sequence[Subject], side: int, count: int
) -> Iterator[tuple[Subject, Mosaic]]:
    """Yield mosaics as subjects of their own."""
    seed = subjects[0].instance.seed
    for group in draw_groups([each.instance.target for each in subjects], side, count, seed):
        chosen = [subjects[k] for k in group]
        instances = [each.instance for each in chosen]
        targets = [each.target for each in instances]
        whole = mosaic([each.x for each in instances], targets)
        start = mosaic([each.baseline for each in instances], targets).x
        instance = replace(instances[0], x=whole.x, baseline=start, contrast=None)
        name = "+".join(each.name for each in chosen)
        yield Subject(name, instance, cache=chosen[0].cache), whole


def _measure(
    subject: Subject,
    whole: Mosaic,
    method: Method,
    layer: str,
    wirings: Mapping[Wiring, Measure],
) -> tuple[Values, dict[str, str]]:
    """Measure one method on one mosaic."""
    found: Values = {}
    refused: dict[str, str] = {}
    for measure, wiring in ((GRID_POINTING, None), *((each, w) for w, each in wirings.items())):
        if wiring and method.layer not in ("", layer):
            continue
        step = f"mosaic-{measure.label}-{method.name}"
        share = partial(_share, subject.instance, whole, method, layer, wiring)
        about = {"method": method.name, "about": method.about, "layer": layer}
        try:
            found[measure.label] = subject.kept(step, about, share)["share"]
        except REFUSALS as fault:
            refused[measure.label] = str(fault)
    return found, refused


def _share(
    instance: Instance, whole: Mosaic, method: Method, layer: str, wiring: Wiring | None
) -> Values:
    """Return the share of what is positive in the right cell, in the mean over all cells."""
    shares = []
    for cell, target in enumerate(whole.targets):
        asked = replace(instance, target=target)
        if wiring:
            net = CellsApart(instance.model, layer, whole.targets, wiring)
            asked = replace(instance, model=net, target=cell, layer="grid")
        attribution = run_method(asked, method.at("grid") if wiring and method.at else method)
        if attribution.map is None:
            raise UnsupportedOperationError(attribution.refusal)
        shares.append(mass_inside(attribution.map, whole.cell(cell)))
    return {"share": sum(shares) / len(shares)}
