"""Is it true? Shapes are moved along the named vectors, and the solver is asked again."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import fingerprint
from specxai.cache import Cache, Tensors
from specxai.errors import SpecxaiError
from specxai.files import digest
from specxai.progress import Progress
from specxai.report.claim import Claim, spread
from specxai.table import Table, cells
from specxai_studies.shapes.experiment import Experiment
from specxai_studies.shapes.findings import Findings

Solve = Callable[[int, Float[Tensor, "points 3"]], float]
"""Returns the label of a shape, given its position, after its points were moved (in m)."""
Smooth = Callable[[Float[Tensor, "points 3"]], Float[Tensor, "points 3"]]


def remembering(solve: Solve, cache: Cache) -> Solve:
    """Return a solver that keeps its answers in a cache, by the shape and its points.

    Where the solver refuses the points, such as those of a folded surface, the answer is NaN.
    """

    def answer(position: int, points: Float[Tensor, "points 3"]) -> float:
        key = digest({"points": points.contiguous()})

        def compute() -> Tensors:
            try:
                label = solve(position, points)
            except SpecxaiError:
                label = math.nan
            return {"label": torch.tensor(label, dtype=torch.float64)}

        name = f"solved-{position}-{key[:16]}"
        return float(cache.step(name, {"points": key}, compute)["label"])

    return answer


def told(value: float, form: str) -> str:
    """Write a number that follows from the solver's answers; a dash where it refused one."""
    return "–" if math.isnan(value) else format(value, form)


@dataclass(frozen=True)
class Move:
    """One shape, moved there and back along one direction.

    Attributes:
        index: of the shape.
        direction: its name.
        kept: share of the direction's energy that is smooth, and was used.
        linear: half the difference of u·x between the two ends, of the local map alone.
        predicted: half the difference of the network's predictions.
        solved: half the difference of the solver's labels.
    """

    index: int
    direction: str
    kept: float
    linear: float
    predicted: float
    solved: float


def check(
    experiment: Experiment,
    findings: Findings,
    solve: Solve,
    smooth: Smooth,
    step: float,
    cache: Cache,
    progress: Progress,
) -> tuple[Move, ...]:
    """Move shapes along the top vectors of the first layer, and along the whole gradient.

    Args:
        experiment: the networks.
        findings: the shapes are those whose evolution was found.
        solve: the solver.
        smooth: makes a displacement in m such that the solver can follow.
        step: root mean square displacement of the points, in m.
        cache: where finished moves are kept.
        progress: told of each direction.
    """
    moves = []
    network = fingerprint(experiment.predictor)
    chosen = list(zip(findings.positions, findings.explanations, strict=True))
    chosen = chosen[: len(findings.evolutions)]
    for number, (position, explanation) in enumerate(chosen):
        top = explanation.right_vectors(explanation.top(2, "contribution"))
        gradient = explanation.linearization.vjp(torch.ones(1, 1))[0]
        named = {"first vector": top[0], "second vector": top[1], "gradient": gradient}
        index = int(experiment.shapes.indices[position])
        for done, (name, vector) in enumerate(named.items()):

            def compute(
                position: int = position, vector: Tensor = vector, u: Tensor = gradient
            ) -> Tensors:
                return _move(experiment, position, vector, u, solve, smooth, step)

            settings = {"network": network, "vector": digest({"": vector}), "step": step}
            solved = cache.step(f"move-{index}-{name.replace(' ', '-')}", settings, compute)
            moves.append(Move(index, name, **{key: float(value) for key, value in solved.items()}))
            progress("solver", number * len(named) + done + 1, len(chosen) * len(named))
    return tuple(moves)


def solver_table(moves: Sequence[Move], unit: str) -> str:
    """Return the table of moves in Markdown.

    Args:
        moves: as `check` returns them.
        unit: of the label.
    """
    rows = (
        cells(
            f"{move.index}",
            move.direction,
            f"{100 * move.kept:.0f} %",
            f"{move.linear:+.3g}",
            f"{move.predicted:+.3g}",
            f"{move.solved:+.3g}",
            f"{move.solved / move.predicted:.2f}" if move.predicted else "–",
        )
        for move in moves
    )
    columns = ("shape", "along", "smooth", f"u·x ({unit})", "network", "solver", "solver / network")
    return Table(columns, tuple(rows)).markdown()


def solver_claims(moves: Sequence[Move]) -> tuple[Claim, ...]:
    """Say whether the solver agrees with sign and size of the predicted changes."""
    claims = []
    for name in dict.fromkeys(move.direction for move in moves):
        ratios = [move.solved / move.predicted for move in moves if move.direction == name]
        statement = f"Moving the points along the {name} changes the label as predicted"
        claims.append(agreement_claim(statement, ratios, "network"))
    return tuple(claims)


def agreement_claim(statement: str, ratios: Sequence[float], by: str) -> Claim:
    """Say whether the solver agrees in sign and size, each time.

    Args:
        statement: what changes the label as it is said to.
        ratios: what the solver says over what is said; NaN where it refused.
        by: whose word it is.
    """
    count, (signs, sizes) = len(ratios), agreement(ratios)
    answered = [ratio for ratio in ratios if not math.isnan(ratio)]
    return Claim(
        f"{statement}: same sign, and within a factor of two.",
        "not in the paper",
        "not tested",
        f"sign {signs} of {count}, size {sizes} of {count}; solver by {by} "
        f"{spread(answered, '.2f') if answered else 'refused'}",
        sizes == count,
    )


def trust(moves: Sequence[Move]) -> str:
    """Say in words how far the explanation may be trusted, from the moves alone."""
    sentences = []
    for name in dict.fromkeys(move.direction for move in moves):
        ratios = [move.solved / move.predicted for move in moves if move.direction == name]
        signs, sizes = agreement(ratios)
        count = len(ratios)
        if sizes == count:
            verdict = "may be trusted for the sign and roughly for the size"
        elif signs == count:
            verdict = "may be trusted for the sign, not for the size"
        else:
            verdict = "may not be trusted for a change of shape, even for its sign"
        sentences.append(
            f"The {name} {verdict} (sign {signs} of {count}, within a factor of two {sizes})."
        )
    return (
        f"**How far it may be trusted.** {' '.join(sentences)} The components add up to the "
        "network's output exactly whatever the solver says: where this fails, it is the network's "
        "knowledge of single directions that fails, not the decomposition."
    )


def agreement(ratios: Sequence[float]) -> tuple[int, int]:
    """Return how many ratios are positive, and how many lie between 1/2 and 2."""
    return sum(ratio > 0 for ratio in ratios), sum(0.5 <= ratio <= 2 for ratio in ratios)


def _move(
    experiment: Experiment,
    position: int,
    vector: Float[Tensor, "points 3"],
    gradient: Float[Tensor, "points 3"],
    solve: Solve,
    smooth: Smooth,
    step: float,
) -> Tensors:
    coordinates, base = experiment.coordinates, experiment.shapes.points[position]
    rough = vector * coordinates.scale
    way = smooth(rough.double())
    kept = float(way.square().sum() / rough.double().square().sum())
    way = way * (step / way.square().sum(-1).mean().sqrt())
    change = (way / coordinates.scale).float()
    ends = [base.double() + sign * way for sign in (1, -1)]
    with torch.no_grad():
        predicted = [
            float(experiment.predictor(coordinates.scaled(end.float()[None]))) for end in ends
        ]
    solved = [solve(position, end) for end in ends]
    numbers = {
        "kept": kept,
        "linear": float((gradient * change).sum()),
        "predicted": (predicted[0] - predicted[1]) / 2,
        "solved": (solved[0] - solved[1]) / 2,
    }
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in numbers.items()}
