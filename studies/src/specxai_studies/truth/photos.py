"""Labelled photos that a network gets right, as subjects to measure on."""

from pathlib import Path

import torch

from specxai.cache import Cache
from specxai.compare import Subject, prepare
from specxai.models import LoadedModel, load_input
from specxai.models.seen import picture_baselines
from specxai_studies.labelled_photos import read_classes


def right_photos(
    model: LoadedModel, folder: Path, cache: Cache | None = None, most: int | None = None
) -> tuple[list[Subject], int]:
    """Return the photos whose largest output is a right class; the baseline is zero.

    Args:
        model: a classifier of ImageNet's classes, or one that has a column of its own in the file.
        folder: photos, with ``classes.csv``.
        cache: where measurements are kept, if anywhere.
        most: how many photos are read, in the order of the file; None reads all.

    Returns:
        The subjects, and how many photos there are.
    """
    listed = list(read_classes(folder, model.name).items())[:most]
    subjects = []
    for name, classes in listed:
        x = load_input(str(folder / name), model).tensor
        with torch.no_grad():
            winner = int(model.module(x).argmax())
        if winner in classes:
            instance, _ = prepare(model.module, x, winner)
            others = tuple(picture_baselines(model, x).values())
            subjects.append(Subject(Path(name).stem, instance, cache=cache, baselines=others))
    return subjects, len(listed)
