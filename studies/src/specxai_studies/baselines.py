"""Which baseline to lead a map from: measured on photos, network by network."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch
from jaxtyping import Float
from torch import Tensor

from specxai import Krylov, Linearization, linearize
from specxai.affine import Baseline
from specxai.compare.attribution import Instance
from specxai.compare.cam import cam_methods
from specxai.compare.classifier_layers import last_convolution, last_map
from specxai.compare.metrics.localization import mass_inside, points_inside
from specxai.compare.metrics.perturbation import area, insertion_curve
from specxai.compare.metrics.stability import relative_change
from specxai.compare.truth.mosaics import draw_groups, mosaic
from specxai.models import LoadedInput, LoadedModel, load_input
from specxai.models.seen import load_baseline, one_color, read_mask
from specxai.progress import Progress, silent
from specxai.spectral import explain_at
from specxai.spectral.records.contraction import default_blur
from specxai.spectral.records.network_decomposition import linear_map
from specxai.table import Cell, Table, cells
from specxai_studies.labelled_photos import read_classes

BASELINES = ("none", "zero", "mean", "blur", "black")
NOISE = 0.01  # of the input's deviation
_FRACTIONS = [step / 20 for step in range(21)]
_SEED = 0


@dataclass(frozen=True)
class Photo:
    """A photo, and what is known of it.

    Attributes:
        given: the photo as the network takes it.
        target: number of the class that is explained.
        mask: where the object is; None where that is not known.
    """

    given: LoadedInput
    target: int
    mask: Tensor | None = None


@dataclass(frozen=True)
class Measured:
    """What was measured of one map; None where it was not.

    Attributes:
        linear: u·(x − x₀) / y.
        start: y₀ / y.
        change: ‖map at a noisy copy − map‖ / ‖map‖, blurred total maps.
        mass: share of the positive part of the blurred total map inside the mask.
        points: whether its largest value is inside.
        cancellation: Σ|α| / |y − y₀| over the components found, and what they leave over.
        three: share of y − y₀ in the 3 components of largest |α|.
        eight: in the 8.
        insertion: area under the insertion curve of the map of the first 3 components.
        products: with R, until 8 components by |α| had converged.
    """

    linear: float
    start: float
    change: float
    mass: float | None = None
    points: float | None = None
    cancellation: float | None = None
    three: float | None = None
    eight: float | None = None
    insertion: float | None = None
    products: int | None = None


def read_photos(folder: Path, model: LoadedModel) -> Iterator[Photo]:
    """Read labelled photos: pictures, and ``classes.csv`` with ``file`` and ``classes``.

    Args:
        folder: where they are; the first of several classes counts.
        model: the network that takes them; where it does not know the classes, name one that it
            has in all rows: then there are no mosaics.
    """
    for name, classes in read_classes(folder).items():
        yield Photo(load_input(str(folder / name), model), classes[0])


def masked_photos(folder: Path, model: LoadedModel) -> Iterator[Photo]:
    """Load the demo photos of which a folder has masks; the winning class is explained."""
    for file in sorted(folder.iterdir()):
        given = load_input(f"demo:{file.stem}", model)
        with torch.no_grad():
            target = int(model.module(given.tensor).argmax())
        yield Photo(given, target, read_mask(folder, given, model))


def measure(
    model: LoadedModel, photo: Photo, baseline: str, components: bool = True, average: int = 1
) -> Measured:
    """Measure the map of one photo from one baseline.

    Args:
        model: the network.
        photo: the photo.
        baseline: as `load_baseline` takes it.
        components: decompose it at the last convolution too.
        average: over how many noisy copies.
    """
    x, start = photo.given.tensor, load_baseline(baseline, model)
    lin = linearize(model.module, x, baseline=start, average=average)
    total = total_map(lin, photo.target)
    y, y0 = (float(values.flatten()[photo.target]) for values in (lin.output, lin.bias()))
    generator = torch.Generator().manual_seed(_SEED)
    noise = torch.randn(x.shape, generator=generator) * NOISE * x.std()
    again = linearize(model.module, x + noise, baseline=start, average=average)
    moved = total_map(again, photo.target)
    measured = Measured(float(total.sum()) / y, y0 / y, relative_change(total, moved))
    if photo.mask is not None:
        inside = mass_inside(total, photo.mask), points_inside(total, photo.mask)
        measured = replace(measured, mass=inside[0], points=inside[1])
    return _with_components(measured, model, photo, lin) if components else measured


def total_map(lin: Linearization, target: int) -> Float[Tensor, "H W"]:
    """Return the map of u ⊙ (x − x₀), blurred as figures are, with its sum kept."""
    return linear_map(lin, target, 1, default_blur(lin.x))


def _with_components(
    measured: Measured, model: LoadedModel, photo: Photo, lin: Linearization
) -> Measured:
    solver = Krylov(n_components=8, by="contribution", products=128)
    ex = explain_at(lin, last_convolution(lin), photo.target, solver)
    change, alpha = ex.linear, ex.contributions
    leading = ex.top(8)
    shown = ex.contribution_maps(leading[:3], blur=default_blur(ex.x)).sum(0)
    black = one_color(model, "black")
    curve = insertion_curve(model.module, ex.x, photo.target, shown, black, _FRACTIONS)
    return replace(
        measured,
        cancellation=float((alpha.abs().sum() + ex.unresolved.abs()) / change.abs()),
        three=float(alpha[leading[:3]].sum() / change),
        eight=float(alpha[leading].sum() / change),
        insertion=area(_FRACTIONS, curve),
        products=ex.split.right.products.pushed if len(leading) == 8 else None,
    )


def grid_pointing(
    model: LoadedModel, photos: Sequence[Photo], maps: Callable[[Tensor, int], Tensor]
) -> float:
    """Return the share of positive evidence for each class in its own cell of a 2 × 2 mosaic.

    GridPG (Böhle et al. 2021), with chance 0.25.

    Args:
        model: the network.
        photos: four of different classes.
        maps: gives the map of a picture and a class.
    """
    whole = mosaic([photo.given.tensor for photo in photos], [photo.target for photo in photos])
    shares = [
        mass_inside(maps(whole.x, target), whole.cell(k)) for k, target in enumerate(whole.targets)
    ]
    return sum(shares) / len(shares)


def our_map(model: LoadedModel, baseline: str) -> Callable[[Tensor, int], Tensor]:
    """Return what gives our blurred total map of a picture and a class; one map, many classes."""
    known: dict[int, Linearization] = {}

    def give(x: Tensor, target: int) -> Tensor:
        if id(x) not in known:
            known.clear()
            start: Baseline = load_baseline(baseline, model)
            known[id(x)] = linearize(model.module, x, baseline=start)
        return total_map(known[id(x)], target)

    return give


def grad_cam_map(model: LoadedModel, example: Tensor) -> Callable[[Tensor, int], Tensor]:
    """Return what gives the map of Grad-CAM at the last convolution, found on an example."""
    method = next(m for m in cam_methods() if m.name == "Grad-CAM")

    layer = last_map(linearize(model.module, example))

    def give(x: Tensor, target: int) -> Tensor:
        instance = Instance(model.module, x, target, torch.zeros_like(x), layer)
        return method.values(instance)[0].sum(0).double()

    return give


def study_network(
    model: LoadedModel,
    photos: Sequence[Photo],
    masked: Sequence[Photo],
    most: int,
    count: int,
    progress: Progress = silent,
) -> Table:
    """Measure all baselines on one network.

    Args:
        model: the network.
        photos: labelled ones, for mosaics and, the first of a random order, for stability.
        masked: with masks, for localisation and components.
        most: how many of the labelled ones are explained one by one.
        count: of mosaics.
        progress: called with a stage's name, the work done and the work in all.
    """
    rows = []
    drawn = draw_groups([photo.target for photo in photos], 2, count, _SEED)
    groups = [[photos[k] for k in group] for group in drawn]
    order = torch.randperm(len(photos), generator=torch.Generator().manual_seed(_SEED))[:most]
    chosen = [photos[k] for k in order.tolist()]
    for number, baseline in enumerate(BASELINES):
        progress(f"{model.name}: {baseline}", number, len(BASELINES))
        all_of = [measure(model, photo, baseline, components=True) for photo in masked]
        more = [measure(model, photo, baseline, components=False) for photo in chosen]
        pointing = [grid_pointing(model, g, our_map(model, baseline)) for g in groups]
        rows.append(_row(baseline, all_of, more, pointing))
    if groups:
        cam = grad_cam_map(model, photos[0].given.tensor)
        pointing = [grid_pointing(model, g, cam) for g in groups]
        rows.append(_row("Grad-CAM", [], [], pointing))
    columns = (
        "baseline", "u·(x − x₀) / y", "y₀ / y", "change at .01 σ", "mass in mask", "pointing",
        "Σ|α| / |y − y₀|", "in 3", "in 8", "insertion, 3", "GridPG",
    )  # fmt: skip
    return Table(columns, tuple(rows), model.name)


def _row(
    name: str, masked: Sequence[Measured], more: Sequence[Measured], pointing: Sequence[float]
) -> tuple[Cell, ...]:
    everything = [*masked, *more]

    def told(values: Sequence[float | None], digits: int = 2) -> str:
        known = [value for value in values if value is not None]
        return f"{median(known):.{digits}f}" if known else "–"

    return cells(
        name,
        told([m.linear for m in everything]),
        told([m.start for m in everything]),
        told([m.change for m in everything], 3),
        told([m.mass for m in masked]),
        told([m.points for m in masked]),
        told([m.cancellation for m in masked]),
        told([m.three for m in masked]),
        told([m.eight for m in masked]),
        told([m.insertion for m in masked]),
        told(pointing),
    )
