"""``specxai study truth``."""

from pathlib import Path

from specxai.cli.output import output_folder
from specxai.cli.reading import read_list
from specxai_studies.cli.study import StudyOptions, study


@study.command
def truth(
    *,
    photos: Path,
    models: str = "demo:efficientnet-lite0,demo:efficientnet-lite1",
    out: Path = Path("truth"),
    options: StudyOptions = StudyOptions(),  # noqa: B008, it is frozen
) -> None:
    """Put methods and components to tests whose answer is known, or ask the network.

    Takes hours, and goes on where it stopped.

    Args:
        photos: a folder of labelled photos, with classes.csv: columns file and classes, and one
            named like the network for each that has other classes than ImageNet's.
        models: classifiers, with commas.
        out: folder for report.md and the figures, and for finished measurements.
    """
    from specxai.models import load_model
    from specxai.terminal.progress import progress_bars
    from specxai_studies.truth.study import run_truth

    with output_folder(out):
        loaded = [load_model(name) for name in read_list(models)]
        with progress_bars(options.quiet) as progress:
            report = run_truth(loaded, photos, out, options.fast, options.seed, progress)
    print(f"wrote {report}")
