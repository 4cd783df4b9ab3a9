"""One photo through one network, decomposed at two layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from specxai.affine import NamedBaseline, fingerprint, linearize
from specxai.errors import LoadError
from specxai.files import digest
from specxai.models import LoadedInput, LoadedModel
from specxai.progress import Progress, silent
from specxai.spectral import Decomposition, Solver, explain_at, load

SHOWN = 3
# So many vectors of largest σ are kept, to see how they change along the spectrum.
FOLLOWED = 8


@dataclass(frozen=True)
class Classifier:
    """A classifier, and where it is decomposed.

    Attributes:
        name: what to call the network in tables and file names; no other has it.
        model: the network.
        convolution: address of its last convolution, with activation and pooling.
        penultimate: address of the layer before the output.
    """

    name: str
    model: LoadedModel
    convolution: str
    penultimate: str

    @cached_property
    def fingerprint(self) -> str:
        """A name for the network: its structure, parameters and buffers."""
        return f"{self.model.module} {fingerprint(self.model.module)}"


@dataclass(frozen=True)
class Photo:
    """An input of one network.

    Attributes:
        given: the input, preprocessed.
        picture: as the network sees it; None where the input was no picture.
        object: where the object is, shape (H, W).
    """

    given: LoadedInput
    picture: Image.Image | None
    object: Bool[Tensor, "H W"]


@dataclass(frozen=True)
class Finding:
    """One photo at one layer of a network.

    Attributes:
        photo: its name.
        picture: as the network sees it; None where the input was no picture.
        explanation: its largest output, with the vectors of `SHOWN` and `FOLLOWED` components.
        object: where the object is, shape (H, W).
    """

    photo: str
    picture: Image.Image | None
    explanation: Decomposition
    object: Bool[Tensor, "H W"]

    @cached_property
    def by_sigma(self) -> list[int]:
        """The components of largest σ."""
        return self.explanation.top(SHOWN, "singular_value").tolist()

    @cached_property
    def by_share(self) -> list[int]:
        """The components with the largest share of the output after cancellation (21)."""
        return self.explanation.top(SHOWN, "reduced").tolist()

    @cached_property
    def breadth(self) -> float:
        """1 / Σ α̃²: how many equal shares the reduced spectrum amounts to (21)."""
        return float(1 / self.explanation.reduce().shares.square().sum())

    def maps(self, components: Sequence[int]) -> Float[Tensor, "n H W"]:
        """Return φ ⊙ x, or φ ⊙ (x − x₀) from a baseline, summed over the channels (23)."""
        return self.explanation.heatmaps(components)

    def averages(self, components: Sequence[int]) -> Float[Tensor, "n H W"]:
        """Return φ averaged over the channels, without the input (3.2)."""
        return self.explanation.heatmaps(components, "mean")


def find(
    classifier: Classifier,
    layer: str,
    photo: Photo,
    solver: Solver,
    folder: Path,
    progress: Progress = silent,
    baseline: NamedBaseline | None = None,
) -> Finding:
    """Decompose the largest output for a photo, or take what an earlier call found.

    Args:
        classifier: the network.
        layer: address of the layer.
        photo: what goes through it.
        solver: how the decomposition is computed.
        folder: an existing folder of finished decompositions.
        progress: told of the decomposition.
        baseline: what the map leads from; None for the map at x alone.
    """
    given = photo.given
    about = f"{classifier.fingerprint} {layer} {solver}{f' from {baseline}' if baseline else ''}"
    key = digest({"x": given.tensor}, about)
    parts = classifier.name, given.name.replace(":", "-"), layer, key[:12]
    path = folder / f"{'-'.join(Path(part).name for part in parts)}.safetensors"
    kept = _finished(path)
    if kept is None:
        lin = linearize(classifier.model.module, given.tensor, baseline=baseline)
        ex = explain_at(lin, layer, None, solver, progress=progress)
        named = classifier.model.class_name(ex.target)
        ex = ex.named(classifier.model.name, named)
        leading = ex.top(max(SHOWN, FOLLOWED), "singular_value"), ex.top(SHOWN, "reduced")
        ex.save(path, torch.cat(leading).unique())
        kept = load(path)
    return Finding(given.name, photo.picture, kept, photo.object)


def _finished(path: Path) -> Decomposition | None:
    """Read a finished decomposition; None if there is none, or the file is broken."""
    try:
        return load(path)
    except LoadError:
        return None


def middle(height: int, width: int) -> Bool[Tensor, "H W"]:
    """Return the middle half of a picture's area: where its object is taken to be.

    >>> round(float(middle(224, 224).double().mean()), 2)
    0.5
    """
    rows, columns = (
        (torch.arange(side) + 0.5 - side / 2).abs() <= side / 2**1.5 for side in (height, width)
    )
    return rows[:, None] & columns
