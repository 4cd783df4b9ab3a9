"""``specxai study squares``."""

from pathlib import Path

from specxai.cli.output import output_folder
from specxai_studies.cli.study import StudyOptions, study


@study.command
def squares(
    *,
    out: Path = Path("squares"),
    options: StudyOptions = StudyOptions(),  # noqa: B008, it is frozen
) -> None:
    """Train auto-encoders of rotated squares and decompose them (paper 2.3, Figures 8 and 9).

    Args:
        out: folder for report.md and the figures, and for finished trainings, which are not
            repeated.
    """
    from specxai.terminal.progress import progress_bars
    from specxai_studies.squares import run_squares

    with output_folder(out), progress_bars(options.quiet) as progress:
        report = run_squares(out, options.fast, options.seed, progress)
    print(f"wrote {report}")
