"""Components taken out, doubled and put in alone in the real network, beside controls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import InvalidInputError, TargetError
from specxai.spectral import Explanation
from specxai.spectral.edits.edit import (
    added_at_baseline,
    change_at_layer,
    explained,
    random_directions,
    run_rest,
)
from specxai.spectral.records.decomposition import check_components

# Directions of each control that every component is set beside.
_CONTROLS = 4


@dataclass(frozen=True)
class Intervention:
    """What a component is worth to the real network, in units of the output.

    The map predicts α for each of the three. From a baseline it is a secant: it need hold neither
    at x nor at x₀, and is about their mean.

    Attributes:
        component: its number k.
        predicted: α_k.
        removed: y less the network's answer without the component, at x.
        doubled: the network's answer with the component twice, less y.
        alone: the network's answer to h₀ and the component, less that to h₀; None where there is
            no baseline or something goes around the layer.
        random: |change| when as much is taken out along random directions, root mean square.
        shuffled: the same along the directions of a network with shuffled weights; None without.
    """

    component: int
    predicted: float
    removed: float
    doubled: float
    alone: float | None
    random: float
    shuffled: float | None = None

    @property
    def real(self) -> float:
        """The mean of what it is worth at x and at the baseline; at x where that is not known."""
        return self.removed if self.alone is None else (self.removed + self.alone) / 2


@dataclass(frozen=True)
class Agreement:
    """How predictions stand to what the network did.

    Attributes:
        correlation: Pearson's, of predicted and real; NaN with fewer than two.
        slope: real per predicted, by least squares through zero: 1 is calibrated.
        error: Σ|real − predicted| / Σ|predicted|.
        random: effect of random directions, in parts of that of the components.
        shuffled: the same of a network with shuffled weights; NaN without.
        count: of components.
    """

    correlation: float
    slope: float
    error: float
    random: float
    shuffled: float
    count: int


def intervene(
    explanation: Explanation,
    components: Sequence[int],
    shuffled: Explanation | None = None,
    seed: int = 0,
) -> tuple[Intervention, ...]:
    """Ask the real network what components are worth.

    Args:
        explanation: of one output.
        components: which of them.
        shuffled: of a network of the same kind with shuffled weights, at the same layer and input:
            the directions of its largest contributions are a control.
        seed: of the random directions.

    Raises:
        TargetError: the explanation is of all outputs together.
        InvalidInputError: a component does not exist, or the other explanation is of a layer of
            another size.

    >>> import specxai
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> ex = specxai.explain(net.eval(), torch.ones(1, 3), layer="1", target=0, baseline="zero")
    >>> found = intervene(ex, [0])[0]  # all that follows the layer is linear
    >>> abs(found.removed - found.predicted) < 1e-6 and abs(found.alone - found.predicted) < 1e-6
    True
    """
    if explanation.target is None:
        raise TargetError("interventions are measured on one output: explain it with a target")
    alpha = explanation.contributions
    chosen = check_components(components, explanation.rank, torch.device("cpu")).tolist()
    if not chosen:
        return ()
    scales = torch.ones(len(chosen), explanation.rank, dtype=torch.float64).to(alpha.device)
    scales[range(len(chosen)), chosen] = 0
    terms = -change_at_layer(explanation, scales)  # σ U φ·(x − x₀), one row each
    z = explanation.split.right.value.reshape(1, -1).double()
    y = float(explained(run_rest(explanation, z), explanation.target))

    def worth(values: Tensor) -> list[float]:
        """Return the network's answers less y."""
        answers = explained(run_rest(explanation, values), explanation.target)
        return (answers.reshape(-1) - y).tolist()

    removed, doubled = worth(z - terms), worth(z + terms)
    alone = added_at_baseline(explanation, terms)
    lengths = terms.norm(dim=1)
    random = _controls(worth, z, lengths, random_directions(explanation, _CONTROLS, seed))
    other = None if shuffled is None else _directions(explanation, shuffled)
    beside = None if other is None else _controls(worth, z, lengths, other)
    return tuple(
        Intervention(
            component=k,
            predicted=float(alpha[k]),
            removed=-removed[n],
            doubled=doubled[n],
            alone=None if alone is None else float(alone[n]),
            random=random[n],
            shuffled=None if beside is None else beside[n],
        )
        for n, k in enumerate(chosen)
    )


def agreement(interventions: Sequence[Intervention]) -> Agreement:
    """Compare what was predicted with what the network did, over components and inputs.

    Raises:
        InvalidInputError: there are no interventions.
    """
    if not interventions:
        raise InvalidInputError("no component was taken out: there is nothing to compare")
    predicted = torch.tensor([each.predicted for each in interventions], dtype=torch.float64)
    real = torch.tensor([each.real for each in interventions], dtype=torch.float64)
    pair = torch.stack([predicted, real])
    effect = float(torch.tensor([abs(each.removed) for each in interventions]).double().sum())
    shuffled = [each.shuffled for each in interventions if each.shuffled is not None]
    return Agreement(
        correlation=float(torch.corrcoef(pair)[0, 1]) if len(interventions) > 1 else float("nan"),
        slope=float(predicted @ real / (predicted @ predicted)),
        error=float((real - predicted).abs().sum() / predicted.abs().sum()),
        random=sum(each.random for each in interventions) / effect,
        shuffled=sum(shuffled) / effect if shuffled else float("nan"),
        count=len(interventions),
    )


def _directions(explanation: Explanation, other: Explanation) -> Float[Tensor, "d m"]:
    """Return the unit directions of the largest contributions of another network."""
    vectors: Tensor = other.left_vectors(other.top(_CONTROLS)).double().flatten(1)
    if vectors.shape[1] != explanation.split.right.shape[0]:
        raise InvalidInputError(
            f"a layer of {vectors.shape[1]} values is set beside one of "
            f"{explanation.split.right.shape[0]}: explain the other network at the same layer"
        )
    return vectors


def _controls(
    worth: Callable[[Tensor], list[float]],
    z: Float[Tensor, "1 m"],
    lengths: Float[Tensor, " n"],
    directions: Float[Tensor, "d m"],
) -> list[float]:
    """Return the root mean square of the changes along directions, for each length."""
    changes = (z - length * directions for length in lengths)
    found = (torch.tensor(worth(values), dtype=torch.float64) for values in changes)
    return [float(each.square().mean().sqrt()) for each in found]
