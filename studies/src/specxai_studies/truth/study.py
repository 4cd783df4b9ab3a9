"""The study from photos and built networks to one page that a sceptic can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from specxai.affine import linearize
from specxai.cache import Cache
from specxai.compare import Effort, Method, Subject, all_methods, choose_methods, evaluate
from specxai.compare.classifier_layers import last_convolution
from specxai.compare.component_evaluation import (
    FROM_BASELINE,
    ROUTES,
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
from specxai_studies.truth.generated import KINDS
from specxai_studies.truth.known import Known, learned, planted, recover
from specxai_studies.truth.known_tables import known_markdown
from specxai_studies.truth.photos import right_photos


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Attributes:
        photos: that are read, at most; None for all.
        effort: of the measures of methods.
        seeds: of planted networks.
        pictures: generated ones of each kind.
        kinds: how many kinds of generated pictures.
        routes: maps whose components are asked about.
    """

    photos: int | None
    effort: Effort
    seeds: int
    pictures: int
    kinds: int
    routes: tuple[Route, ...]


# Components are looked for by so many products: the eight of largest |α| take about sixty.
_SEARCH = Search(work=2e9, components=8, products=128, tol=0.02)
FULL = Scale(
    None,
    Effort(tuple(k / 16 for k in range(17)), (0.001, 0.01, 0.05), 1, 1, _SEARCH, 14),
    5,
    40,
    len(KINDS),
    ROUTES,
)
FAST = Scale(4, Effort((0.0, 0.5, 1.0), (), 1, 1, FAST_SEARCH, 1), 1, 3, 1, (FROM_BASELINE,))
# The methods of the fast form.
_FEW = ("gradient × input", "Grad-CAM", "specxai from the baseline, total")

_OPENING = """
Additivity holds for any map in any basis, so it proves nothing. Here the right answer is known, or
the network itself is asked. What is measured, on what and with which settings was written down
before the first full run, and no setting was chosen by its outcome:

- **Photos** are those of the folder that the network gets right ({right}). The baseline is zero,
  for all methods that take one. Our components are those at the last convolution.
- **Mosaics** hold four photos of different classes at half their size. In DiFull and DiPart cells
  are wired apart behind the last convolution, so that no other cell can matter.
- **Planted** networks are built: the output is a known function of three regions, all else are
  distractors; their shares are Shapley values. **Learned** ones are trained on pictures whose class
  is a shape at a place.
- **Components** are taken out of the real network, put in twice, and put in alone over the
  baseline's activations, beside random directions of the same length and the leading components of
  the network with shuffled weights.

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
    opening = _OPENING.format(right="; ".join(right), options=" --fast" if fast else "")
    return write_report(folder, "Is it true?", opening, [first, *sections])


def methods_at(layer: str, fast: bool) -> tuple[Method, ...]:
    """Return the methods that are measured, with few samples, our components taken at a layer."""
    methods = all_methods((layer,), fast=True)
    return choose_methods(methods, _FEW) if fast else methods


def _measure(
    subjects: Sequence[Subject], scale: Scale, fast: bool, progress: Progress
) -> tuple[Evaluation, ComponentEvaluation]:
    instance = subjects[0].instance
    layer = last_convolution(linearize(instance.model, instance.x))
    methods = methods_at(layer, fast)
    evaluation = evaluate(subjects, methods, (layer,), scale.effort, progress)
    components = evaluate_components(
        subjects, (layer,), scale.effort.noises, scale.effort.search, scale.routes, progress
    )
    return evaluation, components


def _of_a_network(
    model: LoadedModel, methods: Evaluation, components: ComponentEvaluation
) -> Iterator[Section]:
    figure = metrics_figure(methods, f"Methods measured on {model.name}")
    name = f"metrics-{model.name.replace(':', '-').replace('/', '-')}"
    yield Section(f"Methods on {model.name}", metrics_markdown(methods), {name: figure})
    yield Section(f"Components on {model.name}", components_markdown(components))


def _known(scale: Scale, fast: bool, seed: int, cache: Cache, progress: Progress) -> Iterator[str]:
    built = list(planted(range(seed, seed + scale.seeds), cache))
    methods = methods_at(built[0].subject.instance.layer, fast)
    generic = [method for method in methods if not method.layer]
    yield known_markdown(recover(built, generic, progress), "Planted")
    pictures: list[Known] = []
    accuracy = []
    for kind in KINDS[: scale.kinds]:
        found, right = learned(kind, scale.pictures, seed, cache, progress)
        pictures += found
        accuracy.append(f"{kind}: {right:.0%}")
    layer = pictures[0].subject.instance.layer
    yield f"Held-out pictures that the learned networks get right: {', '.join(accuracy)}."
    yield known_markdown(recover(pictures, methods_at(layer, fast), progress), "Learned")
