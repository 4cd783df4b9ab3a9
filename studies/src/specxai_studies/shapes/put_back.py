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

from specxai.affine import fingerprint
from specxai.cache import Cache, Tensors
from specxai.files import digest
from specxai.progress import Progress
from specxai.report.claim import Claim, side_by_side, spread
from specxai.spectral import Explanation
from specxai.table import Table, cells
from specxai_studies.shapes.experiment import Experiment
from specxai_studies.shapes.findings import Findings
from specxai_studies.shapes.solver_check import Smooth, Solve, agreement

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
    cache: Cache,
    progress: Progress,
) -> tuple[PutBack, ...]:
    """Put shapes back along the first component of the first layer, by each map, and solve.

    Args:
        experiment: the networks.
        maps: findings of each map; the shapes are those whose evolution was found.
        solve: the solver.
        smooth: makes a displacement in m such that the solver can follow.
        cache: where finished changes are kept.
        progress: told of each.
    """
    found = []
    network = fingerprint(experiment.predictor)
    for name, findings in maps.items():
        shown = range(len(findings.evolutions))
        for number in shown:
            position, explanation = findings.positions[number], findings.explanations[number]
            part, component = first_part(explanation)

            def compute(
                position: int = position, part: Tensor = part, ex: Explanation = explanation
            ) -> Tensors:
                return _solve_part(experiment, position, part, ex, solve, smooth)

            index = int(experiment.shapes.indices[position])
            settings = {"network": network, "part": digest({"": part}), "map": name}
            solved = cache.step(f"put-back-{index}-{name.replace(' ', '-')}", settings, compute)
            numbers = {key: float(value) for key, value in solved.items()}
            alpha = float(explanation.contributions[component])
            found.append(PutBack(index, name, component, alpha, **numbers))
            progress(f"solver, {name}", number + 1, len(shown))
    return tuple(found)


def first_part(explanation: Explanation) -> tuple[Float[Tensor, "points 3"], int]:
    """Return φ (φ·(x − x₀)) of the component of largest |α|, scaled, and its number."""
    component = int(explanation.top(1, "contribution")[0])
    phi = explanation.right_vectors([component])[0]
    return phi * (phi * explanation.displacement[0]).sum(), component


def _solve_part(
    experiment: Experiment,
    position: int,
    part: Float[Tensor, "points 3"],
    explanation: Explanation,
    solve: Solve,
    smooth: Smooth,
) -> Tensors:
    coordinates, base = experiment.coordinates, experiment.shapes.points[position].double()
    mean, scale = coordinates.mean.double(), coordinates.scale.double()
    rough = part.double() * scale
    way = smooth(rough)
    ends = {"back": (base, base - way), "on": (mean + way, mean)}
    u = explanation.linearization.vjp(torch.ones(1, 1))[0].double()
    numbers = {
        "kept": float(way.square().sum() / rough.square().sum()),
        "stated": float((u * way / scale).sum()),
    }
    for name, (with_it, without) in ends.items():
        both = torch.stack([with_it, without]).float()
        with torch.no_grad():
            predicted = experiment.predictor(coordinates.scaled(both))[:, 0].tolist()
        numbers[f"predicted_{name}"] = predicted[0] - predicted[1]
        numbers[f"solved_{name}"] = solve(position, with_it) - solve(position, without)
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in numbers.items()}


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
            f"{each.solved_back:+.3g}, {each.solved_on:+.3g}",
            f"{each.ratios[_BOTH]:.2f}",
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
    claims = []
    for name, words in (
        (_BACK, "taken from the shape"),
        (_ON, "given to the mean shape"),
        (_BOTH, "taken and given, on average"),
    ):
        ratios = [each.ratios[name] for each in changes]
        signs, sizes = agreement(ratios)
        claims.append(
            Claim(
                f"The part along the first component, {words}, changes the label as its "
                "contribution says: same sign, and within a factor of two.",
                "not in the paper",
                "not tested",
                f"sign {signs} of {len(ratios)}, size {sizes} of {len(ratios)}; solver by map "
                f"{spread(ratios, '.2f')}",
                sizes == len(ratios),
            )
        )
    return tuple(claims)
