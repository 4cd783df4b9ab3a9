"""``specxai study baselines``."""

from pathlib import Path

from specxai.cli.options import Overwrite, Quiet
from specxai.cli.output import output_folder
from specxai.cli.reading import read_list
from specxai_studies.cli.study import study


@study.command
def baselines(
    *,
    photos: Path,
    masks: Path,
    models: str = "demo:efficientnet-lite0,demo:efficientnet-lite1",
    most: int = 10,
    mosaics: int = 8,
    out: Path = Path("baselines"),
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Measure maps from several baselines on photos: what they hold, where, and how stably.

    Args:
        photos: a folder of labelled photos, with classes.csv: columns file and classes.
        masks: a folder of masks of demo photos, such as chelsea.png, white where the object is.
        models: with commas.
        most: how many of the photos are explained one by one, beside those with masks.
        mosaics: of four photos each, how many.
        out: folder for report.md.
    """
    from specxai.files import write_atomically
    from specxai.models import load_model
    from specxai.terminal.printing import print_tables
    from specxai.terminal.progress import progress_bars
    from specxai_studies.baselines import masked_photos, read_photos, study_network

    with output_folder(out, ["report.md"], overwrite):
        tables = []
        with progress_bars(quiet) as progress:
            for name in read_list(models):
                model = load_model(name)
                labelled = list(read_photos(photos, model))
                masked = list(masked_photos(masks, model))
                tables.append(study_network(model, labelled, masked, most, mosaics, progress))
        text = "\n\n".join(table.markdown() for table in tables)
        write_atomically(out / "report.md", f"# Baselines\n\n{text}\n".encode())
    print_tables(*tables)
    print(f"wrote {out / 'report.md'}")
