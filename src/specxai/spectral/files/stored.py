"""The result as a file keeps it: everything but the network."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Tie
from specxai.errors import InvalidInputError
from specxai.spectral.records.decomposition import Decomposition, Indices


@dataclass(frozen=True)
class Record:
    """What a file says of itself, of the network and of the input.

    Attributes:
        schema: version of the file's layout.
        versions: of the packages that wrote it.
        fingerprint: of the network's parameters and buffers.
        input_hash: SHA-256 of the input.
        vectors_dtype: of the kept vectors, such as ``float16``; ``none`` where none are kept.
        ties: where the input stands exactly on a border between linear regions.
        pointwise_linear: u·x of the map at x alone, beside a map of one output from a baseline.
    """

    schema: int
    versions: dict[str, str]
    fingerprint: str
    input_hash: str
    vectors_dtype: str
    ties: tuple[Tie, ...]
    pointwise_linear: float | None = None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StoredDecomposition(Decomposition):
    """One output of a network as a sum of components, from a file and without the network.

    Attributes:
        record: what the file says of itself, of the network and of the input.
        kept: the v components whose vectors were kept, in the file's order.
        right: their right singular vectors of length 1, in units of the scale, shape (v, *input).
        left: their left ones, shape (v, *layer's output); None where they were not kept.
    """

    record: Record
    kept: Int[Tensor, " v"]
    right: Float[Tensor, "v ..."]
    left: Float[Tensor, "v ..."] | None

    @property
    def ties(self) -> tuple[Tie, ...]:
        """Where the input stands exactly on a border between linear regions."""
        return self.record.ties

    @property
    def pointwise_linear(self) -> float | None:
        """u·x of the map at x alone, beside a map of one output from a baseline; else None."""
        return self.record.pointwise_linear

    def holds_vectors(self, indices: Indices) -> bool:
        """Return whether the file keeps the right singular vectors of components.

        Args:
            indices: the components, from 0.
        """
        return set(self.checked(indices).tolist()) <= set(self.kept.tolist())

    def right_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return right singular vectors φ_k that were kept, in the shape of the input (17).

        Args:
            indices: the components, from 0.

        Returns:
            One each, shape (n, *input), of the input's dtype; in as many digits as were kept.

        Raises:
            InvalidInputError: the vector of a component was not kept.
        """
        vectors = self.right[self._rows_of(indices, "vectors")].to(self.x.dtype)
        return vectors if self.scale is None else vectors / self.scale

    def left_vectors(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return left singular vectors U_k that were kept, in the shape of the layer's output.

        Args:
            indices: the components, from 0.

        Returns:
            One each, shape (n, *layer's output), float64; in as many digits as were kept.

        Raises:
            InvalidInputError: the vector of a component was not kept.
        """
        if self.left is None:
            raise InvalidInputError(
                "the file holds no left vectors: explain again and save with left=True"
            )
        return self.left[self._rows_of(indices, "left vectors")].double()

    def _rows_of(self, indices: Indices, what: str) -> Int[Tensor, " n"]:
        """Return where in the file the vectors of components are."""
        rows = {k: row for row, k in enumerate(self.kept.tolist())}
        wanted = self.checked(indices).tolist()
        missing = [k for k in dict.fromkeys(wanted) if k not in rows]
        if missing:
            there = f"those of {_listed(sorted(rows))}" if rows else "none"
            raise InvalidInputError(
                f"the file holds no {what} of {_listed(missing)}, only {there}: choose from these, "
                "or explain again and save with more vectors"
            )
        return torch.tensor([rows[k] for k in wanted], dtype=torch.int64)


def _listed(numbers: list[int]) -> str:
    """Name components, the first few of many."""
    several = "s" if len(numbers) > 1 else ""
    more = f" and {len(numbers) - 8:,} more" if len(numbers) > 8 else ""
    return f"component{several} {', '.join(map(str, numbers[:8]))}{more}"
