"""The study from photos to report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jaxtyping import Bool
from matplotlib.figure import Figure
from torch import Tensor

from specxai.affine import NamedBaseline, linearize
from specxai.compare.classifier_layers import last_convolution, penultimate
from specxai.errors import InvalidInputError, LayerError
from specxai.models import LoadedInput, LoadedModel, load_input
from specxai.models.seen import picture_seen, read_mask
from specxai.progress import Progress, silent
from specxai.report.claim import Claim, side_by_side
from specxai.report.page import Section, write_report
from specxai.spectral import Exact, Krylov, Solver
from specxai_studies.imagenet.claims import (
    Pair,
    contraction_claims,
    convolution_claims,
    focus_claims,
    linear_table,
    share_claims,
)
from specxai_studies.imagenet.figures import figure_1, figure_2, figure_3, figure_11
from specxai_studies.imagenet.findings import Classifier, Finding, Photo, find, middle

MODELS = ("torchvision:alexnet", "torchvision:vgg11_bn")
PHOTOS = ("demo:chelsea", "demo:coffee", "demo:flower")
# Where the paper looks: the last convolution, and the layer before the output.
_LAYERS = {
    "torchvision:alexnet": ("features.12", "classifier.5"),
    "torchvision:vgg11_bn": ("features.28", "classifier.5"),
}

_FAST = Krylov(tol=0.05, products=64)


@dataclass(frozen=True)
class PhotoStudy:
    """What is looked at.

    Attributes:
        photos: as `load_input` takes them; at least one.
        masks: a folder of pictures named like the photos, white where the object is; None takes
            the middle half of each picture.
        layers: two addresses for each network, at the last convolution and before the output, in
            the order of the networks; None finds them.
        fast: one photo and the leading components only, by the same code.
        seed: of the products' first directions.
        trained: whether the networks are; of random ones the paper says nothing, and no claim is
            judged.
        background: colour behind transparent pixels of photos; None refuses them.
    """

    photos: Sequence[str] = PHOTOS
    masks: Path | None = None
    layers: Sequence[str] | None = None
    fast: bool = False
    seed: int = 0
    trained: bool = True
    background: str | None = None

    @property
    def solver(self) -> Solver:
        """How decompositions are computed."""
        return replace(_FAST, seed=self.seed) if self.fast else Exact()


Draw = Callable[[Pair], Figure]
Test = Callable[[Sequence[Pair]], tuple[Claim, ...]]

_OPENING = """
Photos go through image classifiers, and the largest output of each is decomposed at the last
convolution and at the layer before the output: {how}. Two maps are decomposed: the one at x alone,
as in the paper, y = u·x + b, and the one from a baseline, y = y₀ + u·(x − x₀), with zero for x₀,
which after preprocessing is the mean colour of the networks' training pictures. Each statement is
put to the test on both by the same criterion, which was set for the map at x alone. Claims that
name AlexNet or VGG11 are put to the test with these two only. Medians over the photos, with the
range in brackets. {object} Written by `specxai study imagenet{fast}`.{random}{notes}

What is decomposed of each output, medians over photos and networks:

{linear}
"""

_RANDOM = """

**The weights are random (`--weights none`): this shows that the program runs, and nothing of what
the paper says of trained networks.**"""


def run_imagenet(
    models: Sequence[LoadedModel], plan: PhotoStudy, folder: Path, progress: Progress = silent
) -> Path:
    """Decompose networks at photos, and write figures and a report.

    Args:
        models: two networks of images, or more.
        plan: what is looked at.
        folder: an existing folder; finished decompositions are kept in its folder ``cache``.
        progress: told of each decomposition.

    Returns:
        The path of report.md.

    Raises:
        InvalidInputError: there are no photos, or not two layers for each network.
        LayerError: a layer does not exist, or none lies on all paths.
    """
    photos = plan.photos[:1] if plan.fast else plan.photos
    if not photos:
        raise InvalidInputError("no photo to look at: give at least one")
    if plan.layers is not None and len(plan.layers) != 2 * len(models):
        raise InvalidInputError(
            f"{len(plan.layers)} layers for {len(models)} networks: give two for each, at the last "
            "convolution and before the output"
        )
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    pairs: list[tuple[Pair, Pair]] = []
    for number, (name, model) in enumerate(zip(_names(models), models, strict=True)):
        given = [load_input(photo, model, background=plan.background) for photo in photos]
        chosen = plan.layers and plan.layers[2 * number : 2 * number + 2]
        layers = _layers(model, given[0], chosen)
        classifier = Classifier(name, model, *layers)
        looks = (_look(classifier, given, plan, cache, each, progress) for each in (None, "zero"))
        pairs.append((next(looks), next(looks)))
    at_x, from_zero = [one for one, _ in pairs], [other for _, other in pairs]
    how = f"the leading {_FAST.n_components} components by σ" if plan.fast else "exactly"
    opening = _OPENING.format(
        how=how,
        object=_OBJECT[plan.masks is not None],
        fast=" --fast" if plan.fast else "",
        random="" if plan.trained else _RANDOM,
        notes="".join(f"\n\n{each.name}: {each.note}." for each in given if each.note),
        linear=linear_table(at_x, from_zero),
    )
    sections = _sections(at_x, from_zero)
    if not plan.trained:
        sections = [
            replace(each, claims=tuple(claim.unjudged() for claim in each.claims))
            for each in sections
        ]
    return write_report(folder, "Photos through classifiers", opening, sections)


_OBJECT = {
    True: "Where the object is, masks say.",
    False: "The object is taken to be in the middle half of the picture's area.",
}


def _names(models: Sequence[LoadedModel]) -> list[str]:
    """Return names without their source, numbered where several are the same."""
    names = [model.name.rpartition(":")[2] for model in models]
    return [
        name if names.count(name) == 1 else f"{name}-{names[: position + 1].count(name)}"
        for position, name in enumerate(names)
    ]


def _layers(
    model: LoadedModel, given: LoadedInput, wanted: Sequence[str] | None
) -> tuple[str, str]:
    """Find where a network is decomposed: at the last convolution and before the output."""
    lin = linearize(model.module, given.tensor)
    convolution, before = (
        wanted or _LAYERS.get(model.name) or (last_convolution(lin), penultimate(lin))
    )
    for layer in (convolution, before):
        if not layer:
            raise LayerError(f"no layer of {model.name} lies on all paths: name them with --layers")
        lin.layer(layer)
    return convolution, before


def _look(
    classifier: Classifier,
    inputs: Sequence[LoadedInput],
    plan: PhotoStudy,
    cache: Path,
    baseline: NamedBaseline | None,
    progress: Progress,
) -> Pair:
    """Decompose one map of a network at all photos."""
    model = classifier.model
    photos = [
        Photo(each, picture_seen(model, each), _object(plan.masks, each, model)) for each in inputs
    ]

    def look(layer: str) -> list[Finding]:
        return [
            find(classifier, layer, each, plan.solver, cache, progress, baseline) for each in photos
        ]

    return Pair(classifier, look(classifier.penultimate), look(classifier.convolution))


def _object(masks: Path | None, given: LoadedInput, model: LoadedModel) -> Bool[Tensor, "H W"]:
    if masks is None:
        return middle(*given.tensor.shape[2:])
    return read_mask(masks, given, model)


def _sections(at_x: Sequence[Pair], from_zero: Sequence[Pair]) -> list[Section]:
    """Put the figures of the paper together, each for every network and both maps."""

    def section(heading: str, number: int, draw: Draw, test: Test) -> Section:
        figures = {
            f"figure-{number}-{pair.classifier.name}{way}": draw(pair)
            for maps in zip(at_x, from_zero, strict=True)
            for way, pair in zip(("", "-from-zero"), maps, strict=True)
        }
        return Section(heading, "", figures, side_by_side(test(at_x), test(from_zero)))

    return [
        section(
            "Figure 1: the layer before the output, by σ",
            1,
            lambda pair: figure_1(pair.penultimate),
            focus_claims,
        ),
        section(
            "Figure 2: the layer before the output, by contribution",
            2,
            lambda pair: figure_2(pair.penultimate),
            share_claims,
        ),
        section(
            "Figure 3: the last convolution",
            3,
            lambda pair: figure_3(pair.convolution),
            convolution_claims,
        ),
        section(
            "Figure 11: contraction against the mean over channels",
            11,
            lambda pair: figure_11(pair.penultimate, pair.convolution),
            contraction_claims,
        ),
    ]
