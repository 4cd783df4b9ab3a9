"""The study from photos to report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jaxtyping import Bool
from torch import Tensor

from specxai.affine import linearize
from specxai.compare.classifier_layers import last_convolution, penultimate
from specxai.errors import InvalidInputError, LayerError
from specxai.models import LoadedInput, LoadedModel, load_input
from specxai.models.seen import picture_seen, read_mask
from specxai.progress import Progress, silent
from specxai.report.page import Section, write_report
from specxai.spectral import Exact, Krylov, Solver
from specxai_studies.imagenet.claims import (
    Pair,
    contraction_claims,
    convolution_claims,
    focus_claims,
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


_OPENING = """
Photos go through image classifiers, and the largest output of each is decomposed at the last
convolution and at the layer before the output: {how}. Claims that name AlexNet or VGG11 are put to
the test with these two only. Medians over the photos, with the range in brackets. {object} Written
by `specxai study imagenet{fast}`.{random}{notes}
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
    pairs = []
    for number, (name, model) in enumerate(zip(_names(models), models, strict=True)):
        given = [load_input(photo, model, background=plan.background) for photo in photos]
        chosen = plan.layers and plan.layers[2 * number : 2 * number + 2]
        layers = _layers(model, given[0], chosen)
        pairs.append(_look(Classifier(name, model, *layers), given, plan, cache, progress))
    how = f"the leading {_FAST.n_components} components by σ" if plan.fast else "exactly"
    opening = _OPENING.format(
        how=how,
        object=_OBJECT[plan.masks is not None],
        fast=" --fast" if plan.fast else "",
        random="" if plan.trained else _RANDOM,
        notes="".join(f"\n\n{each.name}: {each.note}." for each in given if each.note),
    )
    sections = _sections(pairs)
    if not plan.trained:
        sections = [
            replace(each, claims=tuple(replace(claim, holds=None) for claim in each.claims))
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
    progress: Progress,
) -> Pair:
    """Decompose one network at all photos."""
    model = classifier.model
    photos = [
        Photo(each, picture_seen(model, each), _object(plan.masks, each, model)) for each in inputs
    ]

    def look(layer: str) -> list[Finding]:
        return [find(classifier, layer, each, plan.solver, cache, progress) for each in photos]

    return Pair(classifier, look(classifier.penultimate), look(classifier.convolution))


def _object(masks: Path | None, given: LoadedInput, model: LoadedModel) -> Bool[Tensor, "H W"]:
    if masks is None:
        return middle(*given.tensor.shape[2:])
    return read_mask(masks, given, model)


def _sections(pairs: Sequence[Pair]) -> list[Section]:
    """Put the figures of the paper together, each for every network."""
    return [
        Section(
            "Figure 1: the layer before the output, by σ",
            "",
            {f"figure-1-{p.classifier.name}": figure_1(p.penultimate) for p in pairs},
            focus_claims(pairs),
        ),
        Section(
            "Figure 2: the layer before the output, by contribution",
            "",
            {f"figure-2-{p.classifier.name}": figure_2(p.penultimate) for p in pairs},
            share_claims(pairs),
        ),
        Section(
            "Figure 3: the last convolution",
            "",
            {f"figure-3-{p.classifier.name}": figure_3(p.convolution) for p in pairs},
            convolution_claims(pairs),
        ),
        Section(
            "Figure 11: contraction against the mean over channels",
            "",
            {
                f"figure-11-{p.classifier.name}": figure_11(p.penultimate, p.convolution)
                for p in pairs
            },
            contraction_claims(pairs),
        ),
    ]
