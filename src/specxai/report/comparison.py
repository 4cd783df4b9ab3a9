"""The comparison of methods from inputs to report (paper 3.3, Figures 12 and 13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

from specxai.affine import Target
from specxai.cache import Cache
from specxai.compare import (
    FAST,
    FULL,
    Comparison,
    Evaluation,
    Method,
    Subject,
    all_methods,
    choose_methods,
    compare_methods,
    evaluate,
    prepare,
)
from specxai.compare.component_evaluation import (
    ROUTES,
    ComponentEvaluation,
    evaluate_components,
)
from specxai.errors import InvalidInputError
from specxai.models import LoadedInput, LoadedModel, load_input
from specxai.models.seen import one_color, picture_baselines, picture_seen, read_mask
from specxai.plots import comparison_figure, metrics_figure
from specxai.progress import Progress, silent
from specxai.report.claim import Claim
from specxai.report.page import Section, write_report
from specxai.tables.comparison import comparison_table
from specxai.tables.components import components_markdown
from specxai.tables.metrics import metrics_markdown


@dataclass(frozen=True)
class Wishes:
    """What is to be compared.

    Attributes:
        target: output to explain; None takes the largest of each input.
        layers: addresses for our components; None takes the last convolution and the layer before
            the output.
        methods: names; None takes all.
        fast: fewer samples, products and measurements.
        seed: of all that is random.
        metrics: whether methods are also measured over all inputs.
        trained: whether the network is; of a random one the report says so.
        background: colour behind transparent pixels of pictures; None refuses them.
    """

    target: Target = None
    layers: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    fast: bool = False
    seed: int = 0
    metrics: bool = False
    trained: bool = True
    background: str | None = None


@dataclass(frozen=True)
class Compared:
    """What was found and written.

    Attributes:
        results: by title, one for each input.
        evaluation: measures over all inputs, if they were wished.
        components: measures of our components over all inputs, if they were wished.
        about: what each method computes, by name.
        report: path of report.md.
        notes: by title, what was assumed in reading an input; empty where nothing was.
    """

    results: dict[str, Comparison]
    evaluation: Evaluation | None
    components: ComponentEvaluation | None
    about: dict[str, str]
    report: Path
    notes: dict[str, str]


def run_comparison(
    model: LoadedModel,
    inputs: Sequence[str],
    masks: Path | None,
    wishes: Wishes,
    folder: Path,
    progress: Progress = silent,
) -> Compared:
    """Run all methods on all inputs, measure them if wished, and write figures and a report.

    Args:
        model: the network.
        inputs: as `load_input` takes them; at least one.
        masks: a folder of pictures named like the inputs, white where the object is.
        wishes: what is to be compared.
        folder: an existing folder; what is finished is kept in its folder ``cache``.
        progress: told of each method and measurement.
    """
    if not inputs:
        raise InvalidInputError("no input to compare on: give a picture, or a folder with --images")
    cache = Cache.at(folder / "cache")
    baseline = None if model.preprocess is None else one_color(model, "black")
    results, sections, subjects, notes = {}, [], [], {}
    methods: tuple[Method, ...] = ()
    layers: Sequence[str] = ()
    for spec in inputs:
        given = load_input(spec, model, background=wishes.background)
        if given.others:
            raise InvalidInputError(
                f"methods are compared on networks of one input, and {spec!r} holds several tensors"
            )
        instance, layers = prepare(
            model.module, given.tensor, wishes.target, baseline, wishes.layers, wishes.seed
        )
        methods = all_methods(layers, wishes.fast)
        methods = methods if wishes.methods is None else choose_methods(methods, wishes.methods)
        comparison = compare_methods(instance, methods, cache, progress)
        mask = None if masks is None else read_mask(masks, given, model)
        title = _title(model, given, comparison.target)
        results[title], notes[title] = comparison, given.note
        others = tuple(picture_baselines(model, given.tensor).values())
        subjects.append(Subject(given.name, instance, mask, cache, others))
        figure = comparison_figure(
            comparison, picture_seen(model, given), title, given.tensor[0].mean(0).numpy()
        )
        name = f"comparison-{Path(given.name).stem.replace(':', '-')}"
        text = "\n\n".join(filter(None, (given.note, comparison_table(comparison).markdown())))
        sections.append(Section(given.name, text, {name: figure}))
    about = {method.name: method.about for method in methods}
    evaluation, components = None, None
    if wishes.metrics:
        effort = FAST if wishes.fast else FULL
        evaluation = evaluate(subjects, methods, layers, effort, progress)
        sections.append(_metrics_section(evaluation, model, layers))
        routes = ROUTES[:2] if wishes.fast else ROUTES
        components = evaluate_components(
            subjects, layers, effort.noises, effort.search, routes, progress
        )
        sections.append(Section("Do the components hold?", components_markdown(components)))
    sections.append(Section("The methods", _about(about)))
    opening = _OPENING.format(
        baseline="zeros" if baseline is None else "a black picture",
        options="".join(f" --{name}" for name in ("fast", "metrics") if getattr(wishes, name)),
        random="" if wishes.trained else "\n\n**The weights are random (`--weights none`).**",
    )
    report = write_report(folder, f"Methods compared on {model.name}", opening, sections)
    return Compared(results, evaluation, components, about, report, notes)


_OPENING = """
Every method explains the same output of the same preprocessed input. Σ map is what its map adds up
to, beside what it promises: the output y, its linear part u·x, or its change y − y₀ from the
baseline, which is {baseline}; the error is relative to |y|. Seconds are wall-clock time on one
machine; forward and backward count the samples that went through the network, and for ours the
products with it or a part of it.
Written by `specxai compare{options}`.{random}
"""

_METRICS = """
No measure proves a map: each has a weakness, named below. Arrows point to the better side; the best
mean is bold; the order is no ranking; – is what does not apply or what the method refuses.
"""


def _metrics_section(evaluation: Evaluation, model: LoadedModel, layers: Sequence[str]) -> Section:
    figure = metrics_figure(evaluation, f"Methods measured on {model.name}")
    text = f"{_METRICS.strip()}\n\n{metrics_markdown(evaluation)}"
    return Section("Is it true?", text, {"metrics": figure}, _separation_claim(evaluation, layers))


def _separation_claim(evaluation: Evaluation, layers: Sequence[str]) -> tuple[Claim, ...]:
    """Judge whether components overlap less at the first of the layers than at the last."""
    apart = evaluation.separation
    if apart is None:
        return ()
    first, last = (evaluation.overlaps[layer].mean for layer in (layers[0], layers[-1]))
    spread = "" if isnan(apart.low) else f" (difference {apart.low:.2f} … {apart.high:.2f})"
    return (
        Claim(
            "the last convolution has singular vectors that are spatially separated",
            "section 3.3, Figures 12 and 13",
            "less mixed than those of the penultimate layer",
            f"overlap {first:.2f} at {layers[0]}, {last:.2f} at {layers[-1]}{spread}",
            None if isnan(apart.low) or apart.low <= 0 <= apart.high else apart.mean > 0,
        ),
    )


def _title(model: LoadedModel, given: LoadedInput, target: int) -> str:
    named = model.class_name(target)
    return f"{model.name} on {given.name}: output {target}" + (f" '{named}'" if named else "")


def _about(about: Mapping[str, str]) -> str:
    return "\n".join(f"- **{name}**: {text}" for name, text in about.items())
