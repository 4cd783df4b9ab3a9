"""Is it true for a change that is not small? A shape is put back to the mean along one component.

With x − x₀ the scaled deviation from the mean shape, p = φ (φ·(x − x₀)) is its part along a
component's vector. The shape is put back, x − p, and the mean shape is given the same part, x₀ + p.
Of either, a map says that it changes the label by u·p, which is the component's contribution α.
The mean shape is zero in scaled coordinates, so that p is the same for both maps but for φ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.progress import Progress
from specxai.report.claim import Claim, side_by_side
from specxai.spectral import Explanation
from specxai.table import Table, cells
from specxai_studies.shapes.experiment import Experiment
from specxai_studies.shapes.findings import Findings
from specxai_studies.shapes.solver_check import Smooth, Solve, agreement_claim, told

AT_X, FROM_MEAN = "at x alone", "from the mean shape"


@dataclass(frozen=True)
class PutBack:
    """One part of a shape, taken from it and given to the mean shape.

    Changes are those that the part makes: the label with it, less the label without.

    Attributes:
        index: of the shape.
        map: `AT_X` or `FROM_MEAN`.
        component: the first by contribution.
        alpha: its contribution.
        kept: share of the part's energy that is smooth, and was used.
        stated: u·p of the smooth part, by the map.
        predicted_back: change of the network's prediction at the shape.
        predicted_on: at the mean shape.
        solved_back: change of the solver's label at the shape.
        solved_on: at the mean shape.
    """

    index: int
    map: str
    component: int
    alpha: float
    kept: float
    stated: float
    predicted_back: float
    predicted_on: float
    solved_back: float
    solved_on: float

    @property
    def ratios(self) -> dict[str, float]:
        """What the solver says over what the map says, at the shape, at the mean, and of both."""
        both = (self.solved_back + self.solved_on) / 2
        return {
            _BACK: self.solved_back / self.stated,
            _ON: self.solved_on / self.stated,
            _BOTH: both / self.stated,
        }


_BACK, _ON, _BOTH = "put back", "given to the mean shape", "the mean of both"


def put_back(
    experiment: Experiment,
    maps: Mapping[str, Findings],
    solve: Solve,
    smooth: Smooth,
    progress: Progress,
) -> tuple[PutBack, ...]:
    """Put shapes back along the first component of the first layer, by each map, and solve.

    Args:
        experiment: the networks.
        maps: findings of each map; the shapes are those whose evolution was found.
        solve: the solver.
        smooth: makes a displacement in m such that the solver can follow.
        progress: told of each.
    """
    found = []
    for name, findings in maps.items():
        shown = len(findings.evolutions)
        chosen = zip(findings.positions[:shown], findings.explanations[:shown], strict=True)
        for number, (position, explanation) in enumerate(chosen, 1):
            found.append(_put_back(experiment, name, position, explanation, solve, smooth))
            progress(f"solver, {name}", number, shown)
    return tuple(found)


def first_part(explanation: Explanation) -> tuple[Float[Tensor, "points 3"], int]:
    """Return φ (φ·(x − x₀)) of the component of largest |α|, scaled, and its number."""
    component = int(explanation.top(1, "contribution")[0])
    phi = explanation.right_vectors([component])[0]
    return phi * (phi * explanation.displacement[0]).sum(), component


def _put_back(
    experiment: Experiment,
    name: str,
    position: int,
    explanation: Explanation,
    solve: Solve,
    smooth: Smooth,
) -> PutBack:
    coordinates, base = experiment.coordinates, experiment.shapes.points[position].double()
    mean, scale = coordinates.mean.double(), coordinates.scale.double()
    part, component = first_part(explanation)
    rough = part.double() * scale
    way = smooth(rough)
    u = explanation.linearization.vjp(torch.ones(1, 1))[0].double()
    ends = torch.stack([base, base - way, mean + way, mean])
    with torch.no_grad():
        predicted = experiment.predictor(coordinates.scaled(ends.float()))[:, 0].tolist()
    solved = [solve(position, end) for end in ends]
    return PutBack(
        index=int(experiment.shapes.indices[position]),
        map=name,
        component=component,
        alpha=float(explanation.contributions[component]),
        kept=float(way.square().sum() / rough.square().sum()),
        stated=float((u * way / scale).sum()),
        predicted_back=predicted[0] - predicted[1],
        predicted_on=predicted[2] - predicted[3],
        solved_back=solved[0] - solved[1],
        solved_on=solved[2] - solved[3],
    )


def put_back_table(changes: Sequence[PutBack], unit: str) -> str:
    """Return the table of changes in Markdown.

    Args:
        changes: as `put_back` returns them.
        unit: of the label.
    """
    rows = (
        cells(
            f"{each.index}",
            each.map,
            f"{each.component}",
            f"{each.alpha:+.3g}",
            f"{100 * each.kept:.0f} %",
            f"{each.stated:+.3g}",
            f"{each.predicted_back:+.3g}, {each.predicted_on:+.3g}",
            f"{told(each.solved_back, '+.3g')}, {told(each.solved_on, '+.3g')}",
            told(each.ratios[_BOTH], ".2f"),
        )
        for each in changes
    )
    columns = (
        "shape", "map", "k", f"α ({unit})", "smooth", "u·p", "network: back, on",
        "solver: back, on", "solver, mean of both / u·p",
    )  # fmt: skip
    return Table(columns, tuple(rows), words=(0, 1)).markdown()


def put_back_claims(changes: Sequence[PutBack]) -> tuple[Claim, ...]:
    """Say whether the solver agrees with each map in sign and size, by the same criterion."""
    at_x, from_mean = ([each for each in changes if each.map == name] for name in (AT_X, FROM_MEAN))
    return side_by_side(_claims(at_x), _claims(from_mean))


def _claims(changes: Sequence[PutBack]) -> tuple[Claim, ...]:
    return tuple(
        agreement_claim(
            f"The part along the first component, {words}, changes the label as its contribution "
            "says",
            [each.ratios[name] for each in changes],
            "map",
        )
        for name, words in (
            (_BACK, "taken from the shape"),
            (_ON, "given to the mean shape"),
            (_BOTH, "taken and given, on average"),
        )
    )
