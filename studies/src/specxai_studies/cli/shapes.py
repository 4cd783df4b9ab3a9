"""``specxai study cars`` and ``specxai study turbines``."""

from pathlib import Path

from specxai.cli.options import Quiet
from specxai.cli.output import output_folder
from specxai_studies.cli.study import study


@study.command
def cars(
    *,
    out: Path = Path("cars"),
    fast: bool = False,
    solve: bool = False,
    seed: int = 0,
    quiet: Quiet = False,
) -> None:
    """Explain a network that predicts the drag of parametric cars (paper 2.2, Figures 4 to 6).

    Args:
        out: folder for report.md and the figures, and for finished trainings.
        fast: a small form of the same, in less than a minute.
        solve: move cars along the vectors and run OpenFOAM again, which takes ten minutes or so.
        seed: of weights, noise and splits.
    """
    _run("cars", out, fast, solve, seed, quiet)


@study.command
def turbines(
    *,
    out: Path = Path("turbines"),
    fast: bool = False,
    solve: bool = False,
    seed: int = 0,
    quiet: Quiet = False,
) -> None:
    """Explain a network that predicts the stress of turbines (paper 2.2, Figures 4, 7).

    Args:
        out: folder for report.md and the figures, and for finished trainings.
        fast: a small form of the same, in less than a minute.
        solve: move turbines along the vectors and run the finite elements again.
        seed: of weights, noise and splits.
    """
    _run("turbines", out, fast, solve, seed, quiet)


def _run(name: str, out: Path, fast: bool, solve: bool, seed: int, quiet: bool) -> None:
    from specxai.terminal.progress import progress_bars
    from specxai_studies.shapes.families import car_family, turbine_family
    from specxai_studies.shapes.study import run_shapes

    family = car_family() if name == "cars" else turbine_family()
    with output_folder(out), progress_bars(quiet) as progress:
        report = run_shapes(family, out, fast, solve, seed, progress)
    print(f"wrote {report}")
