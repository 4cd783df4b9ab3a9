"""What the decompositions of trained auto-encoders show, in numbers and images."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine import Baseline
from specxai.spectral import Explanation, explain
from specxai_studies.squares.images import edge_zone


@dataclass(frozen=True)
class Data:
    """The singular value decomposition of the data matrix, whose rows are the images.

    Attributes:
        singular_values: shape (n,), descending.
        vectors: the first right singular vectors, shape (4, pixels), with a positive sum.
    """

    singular_values: Float[Tensor, " n"]
    vectors: Float[Tensor, "4 pixels"]


@dataclass(frozen=True)
class Finding:
    """One image through one auto-encoder, the whole network decomposed.

    Attributes:
        explanation: with ``layer=None`` and no target: y = Σ_k c_k U_k + b; from a baseline b is
            y₀.
        decoder: the bias of each affine layer of the decoder as an image of the output, by name.
    """

    explanation: Explanation
    decoder: dict[str, Float[Tensor, " pixels"]]

    @property
    def x(self) -> Float[Tensor, " pixels"]:
        """The image."""
        return self.explanation.x.flatten()

    @property
    def linear(self) -> Float[Tensor, " pixels"]:
        """u·x (8), or u·(x − x₀) from a baseline."""
        return self.explanation.linear.flatten()

    @property
    def bias(self) -> Float[Tensor, " pixels"]:
        """b (9), or y₀ from a baseline."""
        return self.explanation.bias.flatten()

    @property
    def ordered(self) -> Float[Tensor, "8"]:
        """The coefficients c, largest first, with zeros for closed units of the middle (18)."""
        coefficients = self.explanation.coefficients.sort(descending=True).values
        return torch.nn.functional.pad(coefficients, (0, 8 - len(coefficients)))

    @property
    def fullest(self) -> int:
        """The component whose left vector is most like the image."""
        left = self.explanation.left_vectors(range(self.explanation.rank)).flatten(1).double()
        return int((left @ self.x.double()).abs().argmax())

    @property
    def likeness(self) -> Float[Tensor, " r"]:
        """|φ_k · U_k|: 1 where a component gives back the very direction that it takes."""
        every = range(self.explanation.rank)
        right, left = self.explanation.right_vectors(every), self.explanation.left_vectors(every)
        return (right.flatten(1) * left.flatten(1)).sum(1).abs()

    @property
    def share_of_bias(self) -> float:
        """b·y / |y|², the share of the output that is the bias; that of u·x makes it up to 1."""
        output = self.explanation.output.flatten().double()
        return float(self.bias.double() @ output / (output @ output))

    @property
    def share_at_edges(self) -> tuple[float, float]:
        """The share of |u·x|² in the zone of the edges, and the zone's share of the area."""
        zone = edge_zone(self.x)
        energy = self.linear.square()
        return float((energy * zone).sum() / energy.sum()), float(zone.mean())


def decompose_data(images: Float[Tensor, "n pixels"]) -> Data:
    """Decompose the data matrix; its vectors are those of the images themselves, not centred."""
    _, sigma, vectors = torch.linalg.svd(images, full_matrices=False)
    leading = vectors[:4]
    return Data(sigma, leading * leading.sum(1, keepdim=True).sign())


def find(
    network: nn.Module,
    images: Sequence[Float[Tensor, " pixels"]],
    baseline: Baseline = None,
) -> list[Finding]:
    """Decompose the operator of a network at each image.

    Args:
        network: an auto-encoder.
        images: flattened.
        baseline: what the map leads from; None for the map at x alone.
    """
    return [_find(network, image, baseline) for image in images]


def _find(network: nn.Module, image: Float[Tensor, " pixels"], baseline: Baseline) -> Finding:
    explanation = explain(network, image[None], layer=None, method="exact", baseline=baseline)
    layers = explanation.ledger().by_module().entries
    named = network.get_submodule("decoder").named_children()
    affine = {f"decoder.{name}" for name, module in named if isinstance(module, nn.Linear)}
    decoder = {
        str(entry.address): entry.contribution.flatten()
        for entry in layers
        if str(entry.address) in affine
    }
    return Finding(explanation, decoder)
