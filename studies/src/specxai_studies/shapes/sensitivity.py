"""How much the label changes where the surface moves outwards, per area, and whether it is so."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from specxai.affine import NamedBaseline, linearize
from specxai.report.claim import Claim, spread
from specxai.spectral.files.points import write_fields
from specxai.table import Table, cells
from specxai_studies.shapes.experiment import Experiment
from specxai_studies.shapes.findings import MEAN_SHAPE
from specxai_studies.shapes.solver_check import Smooth, Solve, told
from specxai_studies.shapes.surface import Surface

STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Root mean square displacements in m at which differences are taken."""
EDGES = 2.0
"""What is smoothed away: what is finer than so many edges of the body."""
# Differences agree where they are within this of the derivative, at the two smallest steps.
_AGREES = 1e-4


@dataclass(frozen=True)
class Sensitivity:
    """What a shape's label changes by, per area, where the surface moves along its normal.

    A displacement of the surface by w along its outward normal changes the label by ∫ s w dA.

    Attributes:
        index: of the shape.
        surface: of the body.
        raw: s at each point by the map at x alone, in units of the label per m³.
        smooth: the same without what is finer than two edges.
        from_mean: s by the map from the mean shape: the mean slope on the way to x.
        from_mean_smooth: the same made smooth.
        differences: of the network along its smooth sensitivity, one for each of `STEPS`, in units
            of the label per m.
        derivative: what `raw` says of the same displacement.
    """

    index: int
    surface: Surface
    raw: Float[ndarray, " points"]
    smooth: Float[ndarray, " points"]
    from_mean: Float[ndarray, " points"]
    from_mean_smooth: Float[ndarray, " points"]
    differences: tuple[float, ...]
    derivative: float

    @property
    def errors(self) -> tuple[float, ...]:
        """How far each difference is from the derivative, relative to it."""
        return tuple(abs(each / self.derivative - 1) for each in self.differences)

    def write(self, path: Path) -> None:
        """Write the body with all four fields, areas and normals, as .vtp."""
        fields = {
            "sensitivity": self.raw[:, None],
            "sensitivity_smooth": self.smooth[:, None],
            "sensitivity_from_mean": self.from_mean[:, None],
            "sensitivity_from_mean_smooth": self.from_mean_smooth[:, None],
            "area": self.surface.areas[:, None],
            "normal": self.surface.normals,
        }
        write_fields(path, self.surface.points, self.surface.faces, fields)


def measure_sensitivity(experiment: Experiment, position: int) -> Sensitivity:
    """Compute the sensitivities of a shape in float64, and differences of the network beside them.

    Args:
        experiment: the networks.
        position: of the shape among the labelled ones.
    """
    points = experiment.shapes.points[position].double()
    surface = Surface(points.numpy(), experiment.shapes.faces.numpy())
    raw, from_mean = (
        per_area(surface, gradient_in_metres(experiment, points, baseline))
        for baseline in (None, MEAN_SHAPE)
    )
    length = EDGES * surface.edge
    smooth = surface.smooth(raw, length)
    way = outwards(surface, smooth)
    return Sensitivity(
        index=int(experiment.shapes.indices[position]),
        surface=surface,
        raw=raw,
        smooth=smooth,
        from_mean=from_mean,
        from_mean_smooth=surface.smooth(from_mean, length),
        differences=tuple(_difference(experiment, points, way, step) for step in STEPS),
        derivative=change(surface, raw, way),
    )


def gradient_in_metres(
    experiment: Experiment, points: Float[Tensor, "points 3"], baseline: NamedBaseline | None
) -> Float[ndarray, "points 3"]:
    """Return what the predicted label changes by when a point moves, in its unit per m, float64."""
    coordinates = experiment.coordinates
    x = (points - coordinates.mean.double()) / coordinates.scale.double()
    lin = linearize(deepcopy(experiment.predictor).double(), x[None], baseline=baseline)
    u = lin.vjp(torch.ones(1, 1, dtype=torch.float64))[0]
    values: Float[ndarray, "points 3"] = (u / coordinates.scale.double()).numpy()
    return values


def per_area(surface: Surface, gradient: Float[ndarray, "points 3"]) -> Float[ndarray, " points"]:
    """Return the part of a gradient along the normal over the area of each point."""
    along: Float[ndarray, " points"] = (gradient * surface.normals).sum(1)
    return along / surface.areas.clip(min=1e-10)


def outwards(surface: Surface, field: Float[ndarray, " points"]) -> Float[ndarray, "points 3"]:
    """Return the displacement along the normals by a field, its root mean square 1 m."""
    way: Float[ndarray, "points 3"] = surface.normals * field[:, None]
    root = (way**2).sum(1).mean() ** 0.5
    return way / root


def change(
    surface: Surface, sensitivity: Float[ndarray, " points"], way: Float[ndarray, "points 3"]
) -> float:
    """Return ∫ s w dA, what a displacement changes the label by."""
    along = (way * surface.normals).sum(1)
    return float((sensitivity * along * surface.areas).sum())


def _difference(
    experiment: Experiment,
    points: Float[Tensor, "points 3"],
    way: Float[ndarray, "points 3"],
    step: float,
) -> float:
    """Return the central difference of the network in float64."""
    coordinates, network = experiment.coordinates, deepcopy(experiment.predictor).double()
    ends = torch.stack([points + sign * step * torch.from_numpy(way) for sign in (1, -1)])
    with torch.no_grad():
        scaled = (ends - coordinates.mean.double()) / coordinates.scale.double()
        ahead, behind = network(scaled)[:, 0].tolist()
    return (ahead - behind) / (2 * step)


@dataclass(frozen=True)
class SolverStep:
    """One step of a shape along its smooth sensitivity, before the network and the solver.

    Attributes:
        step: root mean square displacement, in m.
        stated: what the sensitivity says, in units of the label per m.
        predicted: central difference of the network.
        solved: central difference of the solver; NaN where it refused an end.
    """

    step: float
    stated: float
    predicted: float
    solved: float


def solver_steps(
    experiment: Experiment,
    position: int,
    sensitivity: Sensitivity,
    solve: Solve,
    smooth: Smooth,
    steps: Sequence[float],
) -> tuple[SolverStep, ...]:
    """Move a shape along its smooth sensitivity by several steps, there and back.

    Args:
        experiment: the networks.
        position: of the shape.
        sensitivity: of the same shape.
        solve: the solver.
        smooth: makes a displacement in m such that the solver can follow.
        steps: root mean square displacements, in m.
    """
    points = experiment.shapes.points[position].double()
    surface = sensitivity.surface
    way = smooth(torch.from_numpy(outwards(surface, sensitivity.smooth)))
    way = way / way.square().sum(-1).mean().sqrt()
    stated = float((gradient_in_metres(experiment, points, None) * way.numpy()).sum())
    taken = []
    for step in steps:
        ahead, behind = (solve(position, points + sign * step * way) for sign in (1, -1))
        predicted = _difference(experiment, points, way.numpy(), step)
        taken.append(SolverStep(step, stated, predicted, (ahead - behind) / (2 * step)))
    return tuple(taken)


def differences_table(sensitivities: Sequence[Sensitivity]) -> str:
    """Return in Markdown how far differences are from the derivative, by step and shape."""
    columns = ("step (m)", *(f"shape {each.index}" for each in sensitivities))
    rows = (
        cells(f"{step:.0e}", *(f"{each.errors[number]:.1e}" for each in sensitivities))
        for number, step in enumerate(STEPS)
    )
    return Table(columns, tuple(rows)).markdown()


def solver_steps_table(steps: Sequence[SolverStep], unit: str) -> str:
    """Return in Markdown what sensitivity, network and solver say of each step."""
    columns = ("step (m)", f"∫ s w dA ({unit}/m)", "network", "solver", "solver / ∫ s w dA")
    rows = (
        cells(
            f"{each.step:g}",
            f"{each.stated:+.3g}",
            f"{each.predicted:+.3g}",
            told(each.solved, "+.3g"),
            told(each.solved / each.stated, ".2f"),
        )
        for each in steps
    )
    return Table(columns, tuple(rows)).markdown()


def differences_claim(sensitivities: Sequence[Sensitivity]) -> Claim:
    """Say whether differences of the network agree with the sensitivities."""
    worst = [max(each.errors[-2:]) for each in sensitivities]
    return Claim(
        "The sensitivity along the normal is the limit of differences of the network.",
        "not in the paper",
        "not tested",
        f"central differences at the two smallest steps are off by {spread(worst, '.0e')}; wanted "
        f"{_AGREES:.0e}",
        max(worst) < _AGREES,
    )
