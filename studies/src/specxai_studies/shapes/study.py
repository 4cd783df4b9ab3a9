"""The study of a family of shapes, from training to report."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from specxai.cache import Cache
from specxai.progress import Progress, silent
from specxai.report.claim import side_by_side, spread
from specxai.report.page import Section, write_report
from specxai.table import Table, cells
from specxai_studies.shapes import claims, figures
from specxai_studies.shapes.experiment import FAST, FULL, Experiment, Scale, train_networks
from specxai_studies.shapes.families import Family
from specxai_studies.shapes.findings import MEAN_SHAPE, Findings, find
from specxai_studies.shapes.put_back import (
    AT_X,
    FROM_MEAN,
    put_back,
    put_back_claims,
    put_back_table,
)
from specxai_studies.shapes.sensitivity import (
    EDGES,
    differences_claim,
    differences_table,
    measure_sensitivity,
    solver_steps,
    solver_steps_table,
)
from specxai_studies.shapes.solver_check import (
    Solve,
    check,
    remembering,
    solver_claims,
    solver_table,
    trust,
)

Draw = Callable[[Findings], Figure]

_OPENING = """
An auto-encoder learns the points of parametric {name}; a second network predicts the {quantity}
from its latent vector. Encoder and second network together are decomposed at held-out shapes, at
the first layer and deeper ones. The networks take scaled deviations from the mean shape. Two maps
are decomposed: the one at x alone, as in the paper, y = u·x + b, and the one from a baseline,
y = y₀ + u·(x − x₀), with the mean shape for x₀. Each statement about vectors and biases is put to
the test on both by the same criterion, which was set for the map at x alone. Numbers are medians,
with the range in brackets. Written by `{command}`.

The prediction is {output} {unit}; of it the map at x alone leaves b = {bias[0]} {unit} to the bias,
the map from the mean shape y₀ = {bias[1]} {unit}.
"""

_TRAINING = """
{labelled} shapes with labels, {unlabelled} others without for the auto-encoder, which never sees a
labelled one. Its layers are {values}–256–128–32 and back, with ReLU; the second network is
32–64–64–1. On the labelled shapes the auto-encoder is off by {error} mm (root mean
square over the points of a shape), {relative:.2%} of the variance of scaled coordinates.

Departures from the paper, as far as it says: each coordinate has its own scale; the further shapes;
weights are trained in the {modes} directions (modes) in which the shapes vary most and then
written out for all coordinates, because weights along other directions get no gradient. The same
networks with all coordinates and the usual random start, {usual} epochs, are the second row below.
"""

_UNSOLVED = """
Not run: `--solve` moves shapes along the vectors, puts them back to the mean shape, and asks the
solver again (cars: half an hour and OpenFOAM; turbines: two minutes, and the extra `shapes`).
"""

_PUT_BACK = """
Is it true for a change that is not small? With x − x₀ the deviation of a shape from the mean one,
p = φ (φ·(x − x₀)) is its part along the first component by contribution at the first layer. Either
map says that p changes the label by u·p, the component's α. The shape is put back by p, and the
mean shape is given it; of each the network and the solver say what p changes, in {unit}. A map from
the mean shape to x answers for the way between the two, hence for the mean of both at best.
"""

_SENSITIVITY = """
What the predicted label changes by where the surface moves outwards, per area: a displacement by w
along the outward normal changes it by ∫ s w dA, s in {unit} per m³. “Smooth” is s̃ with
s̃ − ℓ² Δs̃ = s on the surface and ℓ two edges of the body ({length}); it has the integral of s, and
is the sensitivity to displacements made smooth in the same way. All four, with areas and normals,
are in `sensitivity-*.vtp`, one file for each of {count} shapes, where the command wrote them. The
map from the mean shape has the mean slope on the way from there: it is no derivative, and
differences at x say nothing of it.

Differences (f(x + h w) − f(x − h w)) / 2 h of the network in float64, w the smooth sensitivity with
a root mean square of 1 m, are off from ∫ s w dA, relative to it, by:

{table}
"""

_STEPS = """
The solver asked in the same way, shape {index} moved along the smooth part of w; a dash stands
where it refuses the moved shape:

{table}
"""

_SOLVED = """
{shown} held-out shapes are moved by {step:g} m (root mean square over the points) there and back
along the first and second vector by contribution at the first layer, and along the whole gradient;
changes are half the difference of the two ends, in {unit}. Directions are made smooth first, so
that the solver's mesh can follow; “smooth” is the share of their energy that this keeps, and the
network is asked about the same smooth move.
"""


def run_shapes(
    family: Family,
    folder: Path,
    fast: bool = False,
    solve: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    """Train, decompose, draw, and write figures and a report.

    Args:
        family: cars or turbines.
        folder: an existing folder; finished trainings are kept in its folder ``cache``.
        fast: fewer shapes and epochs, by the same code.
        solve: move shapes along the vectors and run the solver again.
        seed: of weights, noise and splits.
        progress: told of each step.

    Returns:
        The path of report.md.
    """
    scale = FAST if fast else FULL
    shapes = family.load(scale.labelled)
    experiment = train_networks(
        shapes, family.unlabelled, family.modes, scale, folder, seed, progress
    )
    at_x, from_mean = (
        find(experiment, scale.compared, scale.shown, progress, baseline)
        for baseline in (None, MEAN_SHAPE)
    )
    flags = f"{' --fast' if fast else ''}{' --solve' if solve else ''}"
    opening = _OPENING.format(
        name=family.name,
        quantity=family.quantity,
        unit=family.unit,
        command=f"specxai study {family.name}{flags}",
        bias=[_medians(each, "bias") for each in (at_x, from_mean)],
        output=_medians(at_x, "output"),
    )
    solver = _Solver.of(experiment, family, folder, progress) if solve else None
    sections = [
        _training(experiment, scale, family.note),
        *_paper(experiment, at_x, from_mean),
        _sensitivities(experiment, at_x, family, folder, solver),
        _truth(experiment, at_x, from_mean, solver),
    ]
    title = f"{family.name.capitalize()}: {family.quantity}"
    return write_report(folder, title, opening, sections)


def _medians(findings: Findings, name: str) -> str:
    """Return a term of the outputs, over the shapes, in words."""
    return spread([float(getattr(each, name)) for each in findings.explanations], ".3g")


def _training(experiment: Experiment, scale: Scale, note: str) -> Section:
    text = _TRAINING.format(
        labelled=f"{len(experiment.shapes.labels):,}",
        unlabelled=f"{scale.unlabelled:,}",
        values=f"{experiment.coordinates.mean.numel():,}",
        error=spread((1000 * experiment.errors).tolist(), ".0f"),
        relative=experiment.relative,
        modes=len(experiment.coordinates.modes),
        usual=scale.usual_epochs,
    )
    rows = (cells(name, spread(reached, ".3f")) for name, reached in experiment.accuracy.items())
    table = Table(("model", "R² on held-out shapes"), tuple(rows)).markdown()
    claim = claims.accuracy_claim(experiment)
    return Section("Training", f"{text.strip()}\n\n{table}\n\n{note.strip()}", claims=(claim,))


def _paper(experiment: Experiment, at_x: Findings, from_mean: Findings) -> list[Section]:
    """Put the figures of the paper together, those of both maps and what they show."""
    cars = experiment.shapes.name == "cars"
    tested = [claims.map_claims(experiment, each) for each in (at_x, from_mean)]
    layers = 6 if cars else 7

    def section(heading: str, number: int, draw: Draw, text: str = "") -> Section:
        name = f"figure-{layers if number == 6 else number}"
        drawn = {name: draw(at_x), f"{name}-from-mean": draw(from_mean)}
        pairs = [each.get(number, ()) for each in tested]
        return Section(heading, text, drawn, side_by_side(*pairs))

    first = section(
        "Figure 4: top vectors of the first layer", 4, partial(figures.figure_4, experiment)
    )
    if cars:
        shares = claims.symmetry(experiment, at_x)
        first.figures["symmetry"] = figures.symmetry_figure(shares)
    return [
        first,
        section(
            "Figure 5: similarity across the data set",
            5,
            figures.figure_5,
            f"Over {len(at_x.positions)} held-out shapes.",
        ),
        section(f"Figure {layers}: evolution with depth", 6, partial(figures.figure_6, experiment)),
        section("Figure 10: biases of the decoder", 10, partial(figures.figure_10, experiment)),
        section("Figure 11: contraction and mean", 11, partial(figures.figure_11, experiment)),
    ]


# Of the family's step: those along the normal gather where the label is sensitive.
_SHARES = (1.0, 0.5, 0.2, 0.1)


@dataclass(frozen=True)
class _Solver:
    """The solver of a family, which remembers its answers, and where these are kept."""

    family: Family
    solve: Solve
    cache: Cache
    progress: Progress

    @classmethod
    def of(
        cls, experiment: Experiment, family: Family, folder: Path, progress: Progress
    ) -> "_Solver":
        """Prepare the solver in a folder."""
        (folder / "solver").mkdir(exist_ok=True)
        cache = Cache.at(folder / "cache")
        solve = remembering(family.solver(experiment.shapes, folder / "solver"), cache)
        return cls(family, solve, cache, progress)


def _sensitivities(
    experiment: Experiment,
    findings: Findings,
    family: Family,
    folder: Path,
    solver: _Solver | None,
) -> Section:
    """Write and draw sensitivities of the shown shapes, and check them by differences."""
    positions = findings.positions[: len(findings.evolutions)]
    measured = [measure_sensitivity(experiment, position) for position in positions]
    for each in measured:
        each.write(folder / f"sensitivity-{each.index}.vtp")
    text = _SENSITIVITY.format(
        unit=family.unit,
        length=f"{spread([EDGES * each.surface.edge for each in measured], '.2f')} m",
        count=len(measured),
        table=differences_table(measured),
    ).strip()
    if solver is not None:
        steps = [share * family.step for share in _SHARES]
        taken = solver_steps(
            experiment, positions[0], measured[0], solver.solve, family.smooth, steps
        )
        table = solver_steps_table(taken, family.unit)
        text = f"{text}\n\n{_STEPS.format(index=measured[0].index, table=table).strip()}"
    drawn = {"sensitivity": figures.sensitivity_figure(experiment, positions[0], measured[0])}
    heading = "Sensitivities along the normal"
    return Section(heading, text, drawn, (differences_claim(measured),))


def _truth(
    experiment: Experiment, at_x: Findings, from_mean: Findings, solver: _Solver | None
) -> Section:
    heading = "Is it true?"
    if solver is None:
        return Section(heading, _UNSOLVED)
    family = solver.family
    asked = solver.solve, family.smooth
    moves = check(experiment, at_x, *asked, family.step, solver.cache, solver.progress)
    maps = {AT_X: at_x, FROM_MEAN: from_mean}
    changes = put_back(experiment, maps, *asked, solver.progress)
    shown = len(at_x.evolutions)
    texts = (
        _SOLVED.format(shown=shown, step=family.step, unit=family.unit).strip(),
        solver_table(moves, family.unit),
        trust(moves),
        _PUT_BACK.format(unit=family.unit).strip(),
        put_back_table(changes, family.unit),
    )
    tested = (*solver_claims(moves), *put_back_claims(changes))
    return Section(heading, "\n\n".join(texts), claims=tested)
