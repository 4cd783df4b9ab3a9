"""``specxai study squares``."""

from pathlib import Path

from specxai.cli.options import Quiet
from specxai.cli.output import output_folder
from specxai_studies.cli.study import study


@study.command
def squares(
    *, out: Path = Path("squares"), fast: bool = False, seed: int = 0, quiet: Quiet = False
) -> None:
    """Train auto-encoders of rotated squares and decompose them (paper 2.3, Figures 8 and 9).

    Args:
        out: folder for report.md and the figures, and for finished trainings, which are not
            repeated.
        fast: a small form of the same, in less than a minute.
        seed: of the images, the first weights and the order of the samples.
    """
    from specxai.terminal.progress import progress_bars
    from specxai_studies.squares import run_squares

    with output_folder(out), progress_bars(quiet) as progress:
        report = run_squares(out, fast, seed, progress)
    print(f"wrote {report}")
