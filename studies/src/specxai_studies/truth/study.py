"""The study from photos and built networks to one page that a sceptic can read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from specxai.affine import linearize
from specxai.cache import Cache
from specxai.compare import Effort, Method, Subject, all_methods, choose_methods, evaluate
from specxai.compare.classifier_layers import last_convolutions
from specxai.compare.component_evaluation import (
    AVERAGED,
    FROM_BASELINE,
    POINTWISE,
    ComponentEvaluation,
    Route,
    evaluate_components,
)
from specxai.compare.components import FAST_SEARCH, Search
from specxai.compare.evaluation import Evaluation
from specxai.errors import InvalidInputError
from specxai.models import LoadedModel
from specxai.plots import metrics_figure
from specxai.progress import Progress, silent
from specxai.report.page import Section, write_report
from specxai.tables.components import components_markdown
from specxai.tables.metrics import metrics_markdown
from specxai_studies.truth.ahead import Duel, ahead_table, duels
from specxai_studies.truth.generated import KINDS, Kind
from specxai_studies.truth.known import Known, learned, planted, recover
from specxai_studies.truth.known_tables import known_markdown
from specxai_studies.truth.photos import right_photos


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Attributes:
        photos: that are read, at most; None for all.
        effort: of the measures of methods.
        search: of components.
        asked: on every so many-th photo components are put to the test.
        layers: the last so many activations or poolings, where components are.
        routes: maps whose components are put to the test.
        moved: those whose components at the last layer are looked for under noise too.
        noisy: on every so many-th photo.
        seeds: of planted networks.
        pictures: generated ones of each kind.
        kinds: of generated pictures.
        training: how many pictures a network learns from.
    """

    photos: int | None
    effort: Effort
    search: Search
    asked: int
    layers: int
    routes: tuple[Route, ...]
    moved: tuple[Route, ...]
    noisy: int
    seeds: int
    pictures: int
    kinds: tuple[Kind, ...]
    training: int


FULL = Scale(
    photos=None,
    effort=Effort(
        tuple(k / 16 for k in range(17)),
        (0.001, 0.01, 0.05),
        draws=1,
        steps=1,
        mosaics=8,
        apart=1,
        stride=8,
    ),
    # The eight components of largest |α| take about sixty products.
    search=Search(work=2e9, components=8, products=128, tol=0.02),
    asked=2,
    layers=2,
    routes=(POINTWISE, FROM_BASELINE),
    moved=(FROM_BASELINE, AVERAGED),
    noisy=11,
    seeds=5,
    pictures=40,
    kinds=KINDS,
    training=4000,
)
FAST = Scale(
    photos=4,
    effort=Effort((0.0, 0.5, 1.0), (), draws=1, steps=1, mosaics=1, apart=1, stride=4),
    search=FAST_SEARCH,
    asked=4,
    layers=1,
    routes=(FROM_BASELINE,),
    moved=(),
    noisy=4,
    seeds=1,
    pictures=3,
    kinds=KINDS[:1],
    training=500,
)
# The methods of the fast form.
_FEW = ("gradient × input", "Grad-CAM", "specxai from the baseline, total")

_OPENING = """
Additivity holds for any map in any basis, so it proves nothing. Here the right answer is known, or
the network itself is asked. What is measured, on what and with which settings was written down
before the first full run, and no setting was chosen by its outcome:

- **Photos** are those of the folder that the network gets right ({right}). The baseline is zero,
  for all methods that take one. Our components are those at the last convolution. Noise, other
  baselines (mean, blur, black, white) and random weights are tried on {every}.
- **Mosaics**, {mosaics}, hold four photos of different classes at half their size. In DiFull and
  DiPart, asked of {apart}, cells are wired apart behind the last convolution, so that no other cell
  can matter.
- **Planted** networks are built: the output is a known function of three regions, all else are
  distractors; their shares are Shapley values. **Learned** ones are trained on pictures whose class
  is a shape at a place.
- **Components**, of one photo in {asked}, are taken out of the real network, put in twice, and put
  in alone over the baseline's activations, beside random directions of the same length and the
  leading components of the network with shuffled weights; under noise they are looked for again on
  one photo in {noisy}.

What these tests cannot show: that a component is a concept, that a person understands it, or that
what holds for these networks holds for others. Written by `specxai study truth{options}`.
"""


def run_truth(
    models: Sequence[LoadedModel],
    photos: Path,
    folder: Path,
    fast: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    """Run all tests, and write figures and a report.

    Args:
        models: classifiers of the photos' classes.
        photos: a folder of photos with ``classes.csv``.
        folder: an existing folder; what is finished is kept in its folder ``cache``.
        fast: fewer photos, measures and methods, by the same code.
        seed: of all that is drawn at random.
        progress: told of each step.

    Returns:
        The path of report.md.

    Raises:
        InvalidInputError: a network gets no photo right.
    """
    scale, cache = FAST if fast else FULL, Cache.at(folder / "cache")
    sections: list[Section] = []
    ahead: list[Duel] = []
    right = []
    for model in models:
        subjects, count = right_photos(model, photos, cache, scale.photos)
        if not subjects:
            raise InvalidInputError(f"{model.name} gets none of {count} photos right")
        right.append(f"{model.name}: {len(subjects)} of {count}")
        methods, components = _measure(subjects, scale, fast, progress)
        ahead += duels(methods, model.name)
        sections += _of_a_network(model, methods, components)
    known = "\n\n".join(_known(scale, fast, seed, cache, progress))
    sections.append(Section("Truth that was planted, and learned", known))
    first = Section("Where others are better, and where not", ahead_table(ahead).markdown())
    opening = _OPENING.format(
        right="; ".join(right),
        every=f"one in {scale.effort.stride}",
        mosaics=f"{scale.effort.mosaics} at most",
        apart=scale.effort.apart,
        asked=scale.asked,
        noisy=scale.noisy,
        options=" --fast" if fast else "",
    )
    return write_report(folder, "Is it true?", opening, [first, *sections])


def methods_at(layer: str, fast: bool) -> tuple[Method, ...]:
    """Return the methods that are measured, with few samples, our components taken at a layer."""
    methods = all_methods((layer,), fast=True)
    return choose_methods(methods, _FEW) if fast else methods


def _measure(
    subjects: Sequence[Subject], scale: Scale, fast: bool, progress: Progress
) -> tuple[Evaluation, Mapping[str, ComponentEvaluation]]:
    """Measure methods, and components by title: what they do, and what noise does to them."""
    instance, effort = subjects[0].instance, scale.effort
    layers = last_convolutions(linearize(instance.model, instance.x), scale.layers)
    methods = evaluate(subjects, methods_at(layers[-1], fast), (), effort, progress)
    of = partial(evaluate_components, search=scale.search, progress=progress)
    components = {"": of(subjects[:: scale.asked], layers, (), routes=scale.routes)}
    if scale.moved:
        some = subjects[:: scale.noisy]
        components[" under noise"] = of(some, layers[-1:], effort.noises, routes=scale.moved)
    return methods, components


def _of_a_network(
    model: LoadedModel, methods: Evaluation, components: Mapping[str, ComponentEvaluation]
) -> Iterator[Section]:
    figure = metrics_figure(methods, f"Methods measured on {model.name}")
    name = f"metrics-{model.name.replace(':', '-').replace('/', '-')}"
    yield Section(f"Methods on {model.name}", metrics_markdown(methods), {name: figure})
    for title, each in components.items():
        yield Section(f"Components on {model.name}{title}", components_markdown(each))


def _known(scale: Scale, fast: bool, seed: int, cache: Cache, progress: Progress) -> Iterator[str]:
    built = list(planted(range(seed, seed + scale.seeds), cache))
    methods = methods_at(built[0].subject.instance.layer, fast)
    generic = [method for method in methods if not method.layer]
    yield known_markdown(recover(built, generic, progress), "Planted")
    pictures: list[Known] = []
    accuracy = []
    for kind in scale.kinds:
        data = scale.pictures, scale.training
        found, right = learned(kind, *data, seed, cache, progress)
        pictures += found
        accuracy.append(f"{kind}: {right:.0%}")
    layer = pictures[0].subject.instance.layer
    yield f"Held-out pictures that the learned networks get right: {', '.join(accuracy)}."
    yield known_markdown(recover(pictures, methods_at(layer, fast), progress), "Learned")
