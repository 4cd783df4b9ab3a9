"""``specxai study cars`` and ``specxai study turbines``."""

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from specxai.cli.output import output_folder
from specxai_studies.cli.study import StudyOptions, study


@Parameter(name="*")
@dataclass(frozen=True)
class ShapeOptions(StudyOptions):
    """How a study of shapes is run.

    Attributes:
        solve: move shapes along the vectors, put them back to the mean shape, and ask the solver
            again: turbines two minutes, cars, which need OpenFOAM, half an hour.
    """

    solve: bool = False


@study.command
def cars(
    *,
    out: Path = Path("cars"),
    options: ShapeOptions = ShapeOptions(),
) -> None:
    """Explain a network that predicts the drag of parametric cars (paper 2.2, Figures 4 to 6).

    Args:
        out: folder for report.md and the figures, and for finished trainings.
    """
    _run("cars", out, options)


@study.command
def turbines(
    *,
    out: Path = Path("turbines"),
    options: ShapeOptions = ShapeOptions(),
) -> None:
    """Explain a network that predicts the stress of turbines (paper 2.2, Figures 4, 7).

    Args:
        out: folder for report.md and the figures, and for finished trainings.
    """
    _run("turbines", out, options)


def _run(name: str, out: Path, options: ShapeOptions) -> None:
    from specxai.terminal.progress import progress_bars
    from specxai_studies.shapes.families import car_family, turbine_family
    from specxai_studies.shapes.study import run_shapes

    family = car_family() if name == "cars" else turbine_family()
    with output_folder(out), progress_bars(options.quiet) as progress:
        report = run_shapes(family, out, options.fast, options.solve, options.seed, progress)
    print(f"wrote {report}")
