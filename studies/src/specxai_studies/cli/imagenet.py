"""``specxai study imagenet``."""

from pathlib import Path

from specxai.cli.options import Background, Input
from specxai.cli.output import output_folder
from specxai.cli.reading import read_list
from specxai.errors import InvalidInputError
from specxai_studies.cli.study import StudyOptions, study


@study.command
def imagenet(
    *photos: Input,
    models: str = "torchvision:alexnet,torchvision:vgg11_bn",
    weights: str = "default",
    layers: str | None = None,
    masks: Path | None = None,
    background: Background = None,
    out: Path = Path("imagenet"),
    options: StudyOptions = StudyOptions(),  # noqa: B008, it is frozen
) -> None:
    """Decompose two image classifiers at photos (paper 2.1, 3.2; Figures 1 to 3 and 11).

    Args:
        photos: demo:chelsea, demo:coffee and demo:flower if none is given.
        models: two or more, with commas. Where weights of torchvision cannot be fetched:
            demo:efficientnet-lite0,demo:efficientnet-lite1.
        weights: 'default', 'none' (random) or a state-dict FILE; for all models, or one for each,
            with commas.
        layers: two addresses for each model, at the last convolution and before the output, with
            commas; found if not given.
        masks: a folder of pictures of the same names as the photos, white where the object is; the
            middle half of the picture if not given.
        out: folder for report.md and the figures, and for finished decompositions, which are not
            repeated.
    """
    from specxai.models import load_model
    from specxai.terminal.progress import progress_bars
    from specxai_studies.imagenet import PHOTOS, PhotoStudy, run_imagenet

    names, files = read_list(models), read_list(weights)
    if len(files) not in (1, len(names)):
        raise InvalidInputError(f"--weights names {len(files)} files for {len(names)} models")
    files = files * len(names) if len(files) == 1 else files
    addresses = None if layers is None else read_list(layers)
    trained = "none" not in files
    fast, seed = options.fast, options.seed
    plan = PhotoStudy(photos or PHOTOS, masks, addresses, fast, seed, trained, background)
    with output_folder(out):
        loaded = [load_model(name, file) for name, file in zip(names, files, strict=True)]
        with progress_bars(options.quiet) as progress:
            report = run_imagenet(loaded, plan, out, progress)
    print(f"wrote {report}")
