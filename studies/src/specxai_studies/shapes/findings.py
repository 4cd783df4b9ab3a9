"""What the decompositions of the predicted label show, shape by shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import NamedBaseline, linearize
from specxai.progress import Progress
from specxai.spectral import Explanation, explain
from specxai.spectral.records.decomposition import Ranking
from specxai.survey import Evolution, Similarity, evolve, similarity
from specxai_studies.shapes.experiment import Experiment

MEAN_SHAPE: NamedBaseline = "zero"
"""The baseline: in scaled coordinates, which are deviations from it, the mean shape is zero."""
FIRST = "encoder.1"
LAYERS = (FIRST, "encoder.3", "encoder.4", "downstream.1", "downstream.3")
"""Activations of the encoder, the latent vector, activations of the downstream network."""
RANKINGS: tuple[Ranking, ...] = ("singular_value", "contribution")


@dataclass(frozen=True)
class Reconstruction:
    """One shape through the auto-encoder, y = u·x + b in scaled coordinates.

    Attributes:
        linear: u·x.
        bias: b, or y₀ from the mean shape.
        decoder: the bias of each decoder layer, by the layer's name, from the first.
    """

    linear: Float[Tensor, "points 3"]
    bias: Float[Tensor, "points 3"]
    decoder: dict[str, Float[Tensor, "points 3"]]

    @property
    def share_of_bias(self) -> float:
        """b·y / |y|²; the share of u·x makes it up to 1."""
        output = (self.linear + self.bias).flatten().double()
        return float(self.bias.flatten().double() @ output / (output @ output))


@dataclass(frozen=True)
class Findings:
    """What one map shows of held-out shapes.

    Attributes:
        positions: of the shapes among the labelled ones.
        explanations: of the predicted label at the first layer, one for each shape.
        evolutions: through `LAYERS`, for the first few shapes.
        similarities: of the first, second and third vectors across the shapes, by ranking.
        reconstructions: of the first few shapes.
    """

    positions: tuple[int, ...]
    explanations: tuple[Explanation, ...]
    evolutions: tuple[Evolution, ...]
    similarities: dict[Ranking, tuple[Similarity, ...]]
    reconstructions: tuple[Reconstruction, ...]


def find(
    experiment: Experiment,
    compared: int,
    shown: int,
    progress: Progress,
    baseline: NamedBaseline | None = None,
) -> Findings:
    """Decompose the predictions for held-out shapes.

    Args:
        experiment: with the trained networks.
        compared: how many shapes.
        shown: of these, how many are followed through the layers and the auto-encoder.
        progress: told of each shape.
        baseline: what the map leads from; None for the map at x alone.
    """
    positions = experiment.held_out[:compared]
    explanations = []
    for number, position in enumerate(positions, 1):
        x = experiment.x(position)
        explanations.append(explain(experiment.predictor, x, FIRST, 0, baseline=baseline))
        progress("decompositions", number, len(positions))
    evolutions = [
        evolve(
            experiment.predictor,
            experiment.x(position),
            LAYERS,
            0,
            by="contribution",
            baseline=baseline,
        )
        for position in positions[:shown]
    ]
    return Findings(
        positions,
        tuple(explanations),
        tuple(evolutions),
        {by: tuple(similarity(explanations, k, by=by) for k in range(3)) for by in RANKINGS},
        tuple(_reconstruct(experiment, position, baseline) for position in positions[:shown]),
    )


def pairwise_cosine(similarity: Similarity) -> float:
    """Return the mean |cosine| between the vectors of two different shapes."""
    return similarity.cohesion(range(len(similarity.names)))


def antisymmetric_share(
    vectors: Float[Tensor, "n points 3"], images: Sequence[int]
) -> Float[Tensor, " n"]:
    """Return which share of each vector's energy changes sign when left and right are exchanged.

    Args:
        vectors: displacements of points.
        images: for each point the number of its mirror image in y = 0.
    """
    mirrored = vectors[:, list(images)] * torch.tensor([1.0, -1.0, 1.0])
    part = (vectors - mirrored) / 2
    return part.square().sum((1, 2)) / vectors.square().sum((1, 2))


def part_shares(vector: Float[Tensor, "points 3"], parts: dict[str, slice]) -> dict[str, float]:
    """Return the share of a vector's energy on each part of a shape."""
    energy = vector.square().sum(-1)
    return {name: float(energy[part].sum() / energy.sum()) for name, part in parts.items()}


def _reconstruct(
    experiment: Experiment, position: int, baseline: NamedBaseline | None
) -> Reconstruction:
    lin = linearize(experiment.autoencoder, experiment.x(position), baseline=baseline)
    entries = lin.ledger().by_module().entries
    bias = lin.bias()[0]
    decoder = {
        str(entry.address): entry.contribution.reshape(bias.shape)
        for entry in entries
        if str(entry.address).startswith("decoder")
    }
    return Reconstruction(lin.output[0] - bias, bias, decoder)
