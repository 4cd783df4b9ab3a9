"""The study of a family of shapes, from training to report."""

from pathlib import Path

from specxai.cache import Cache
from specxai.progress import Progress, silent
from specxai.report.claim import Claim, spread
from specxai.report.page import Section, write_report
from specxai.table import Table, cells
from specxai_studies.shapes import claims, figures
from specxai_studies.shapes.experiment import FAST, FULL, Experiment, Scale, train_networks
from specxai_studies.shapes.families import Family
from specxai_studies.shapes.findings import Findings, find
from specxai_studies.shapes.solver_check import check, solver_claims, solver_table, trust

_OPENING = """
An auto-encoder learns the points of parametric {name}; a second network predicts the {quantity}
from its latent vector. Encoder and second network together are decomposed at held-out shapes, at
the first layer and deeper ones. The networks take scaled deviations from the mean shape. Written by
`{command}`. Numbers are medians, with the range in brackets.
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
Not run: `--solve` moves shapes along the vectors and asks the solver again (cars: about ten minutes
and OpenFOAM; turbines: a minute, and the extra `shapes`).
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
    findings = find(experiment, scale.compared, scale.shown, progress)
    flags = f"{' --fast' if fast else ''}{' --solve' if solve else ''}"
    command = f"specxai study {family.name}{flags}"
    opening = _OPENING.format(name=family.name, quantity=family.quantity, command=command)
    sections = [
        _training(experiment, scale, family.note),
        *_paper(experiment, findings),
        _truth(experiment, findings, family, folder, solve, progress),
    ]
    title = f"{family.name.capitalize()}: {family.quantity}"
    return write_report(folder, title, opening, sections)


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


def _paper(experiment: Experiment, findings: Findings) -> list[Section]:
    cars = experiment.shapes.name == "cars"
    layers = 6 if cars else 7
    shares = claims.symmetry(experiment, findings) if cars else {}
    apart: tuple[Claim, ...] = (
        (claims.symmetry_claim(shares),) if cars else claims.blades_claims(experiment, findings)
    )
    drawn = {"figure-4": figures.figure_4(experiment, findings)}
    if cars:
        drawn["symmetry"] = figures.symmetry_figure(shares)
    return [
        Section("Figure 4: top vectors of the first layer", "", drawn, apart),
        Section(
            "Figure 5: similarity across the data set",
            f"Over {len(findings.positions)} held-out shapes.",
            {"figure-5": figures.figure_5(findings)},
            (claims.similarity_claim(findings),),
        ),
        Section(
            f"Figure {layers}: evolution with depth",
            "",
            {f"figure-{layers}": figures.figure_6(experiment, findings)},
            claims.depth_claims(findings),
        ),
        Section(
            "Figure 10: biases of the decoder",
            "",
            {"figure-10": figures.figure_10(experiment, findings)},
            (claims.bias_claim(experiment, findings),),
        ),
        Section(
            "Figure 11: contraction and mean",
            "",
            {"figure-11": figures.figure_11(experiment, findings)},
        ),
    ]


def _truth(
    experiment: Experiment,
    findings: Findings,
    family: Family,
    folder: Path,
    solve: bool,
    progress: Progress,
) -> Section:
    heading = "Is it true?"
    if not solve:
        return Section(heading, _UNSOLVED)
    (folder / "solver").mkdir(exist_ok=True)
    solver = family.solver(experiment.shapes, folder / "solver")
    cache = Cache.at(folder / "cache")
    moves = check(experiment, findings, solver, family.smooth, family.step, cache, progress)
    shown = len(findings.evolutions)
    text = _SOLVED.format(shown=shown, step=family.step, unit=family.unit).strip()
    table = solver_table(moves, family.unit)
    text = f"{text}\n\n{table}\n\n{trust(moves)}"
    return Section(heading, text, claims=solver_claims(moves))
