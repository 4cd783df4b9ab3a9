"""How alike the k-th right vectors of many results are (the paper's Figure 5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import InvalidInputError, MissingExtraError
from specxai.presentation import Drawn, counted, in_lines
from specxai.spectral.records.decomposition import Indices, Ranking

# So many groups, and results of each, are told in a text.
_TOLD = 5
# Values of all vectors that are multiplied at a time, in float64.
_BLOCK = 2**24


@runtime_checkable
class Result(Protocol):
    """What is compared: an `Explanation`, or one loaded from a file."""

    @property
    def scale(self) -> Float[Tensor, "1 ..."] | None:
        """What directions are measured in."""

    @property
    def x(self) -> Float[Tensor, "1 ..."]:
        """The input."""

    def top(self, n: int, by: Ranking = ...) -> Int[Tensor, " n"]:
        """Return the first components of a ranking."""

    def directions(self, indices: Indices) -> Float[Tensor, "n ..."]:
        """Return right singular vectors of length 1, shape (n, *input)."""


@dataclass(frozen=True, eq=False)
class Similarity(Drawn):
    """Inner products of the k-th right vectors of N results: cosines, for they have length 1.

    A singular vector has no sign of its own. Results are therefore grouped by |cosine|, and the
    signs are then chosen so that vectors of a group agree.

    Attributes:
        names: of the results, in the order in which they were given.
        k: place of the vectors in their ranking, from 0.
        by: the ranking.
        absolute: whether the matrix holds |cosine|; else cosines of the vectors times ``signs``.
        matrix: symmetric, 1 on the diagonal, in the order given, shape (N, N), float64.
        signs: 1 or −1 for each vector, relative to φ·x ≥ 0, shape (N,), float64. In a group they
            are those of the leading eigenvector of its cosines, and most of them are 1.
        order: the results as the leaves of a hierarchical clustering, shape (N,), int64.
        groups: results whose mean |cosine| is at least the threshold wherever two parts of a
            group were joined; along ``order``.
        threshold: see there.
    """

    names: tuple[str, ...]
    k: int
    by: Ranking
    absolute: bool
    matrix: Float[Tensor, "N N"] = field(repr=False)
    signs: Float[Tensor, " N"] = field(repr=False)
    order: Int[Tensor, " N"] = field(repr=False)
    groups: tuple[tuple[int, ...], ...]
    threshold: float

    def __repr__(self) -> str:
        found = [group for group in self.groups if len(group) > 1]
        alone = len(self.groups) - len(found)
        shown = sorted(found, key=len, reverse=True)[:_TOLD]
        rows = [
            (self._named(group), counted(len(group), "result"), f"{self.cohesion(group):.3f}")
            for group in shown
        ]
        heading = (
            f"Similarity of component {self.k} by {self.by} of "
            f"{counted(len(self.names), 'result')}: {counted(len(found), 'group')}, each with its "
            f"mean |φ·φ′|; {alone:,} alone"
        )
        return in_lines(heading, rows)

    def _named(self, group: Sequence[int]) -> str:
        more = [counted(len(group) - _TOLD, "other")] if len(group) > _TOLD else []
        return ", ".join([*(self.names[k] for k in group[:_TOLD]), *more])

    @property
    def ordered(self) -> Float[Tensor, "N N"]:
        """The matrix with rows and columns in the order of the clustering."""
        return self.matrix[self.order][:, self.order]

    def cohesion(self, group: Sequence[int]) -> float:
        """Return the mean |cosine| between different results of a group; 1 for a single one."""
        block = self.matrix[list(group)][:, list(group)].abs()
        pairs = len(group) * (len(group) - 1)
        return float((block.sum() - len(group)) / pairs) if pairs else 1.0


def similarity(
    results: Iterable[Result],
    k: int = 0,
    *,
    by: Ranking = "singular_value",
    absolute: bool = False,
    threshold: float = 0.5,
    names: Sequence[str] | None = None,
) -> Similarity:
    """Compare the k-th right singular vectors of results for inputs of one shape (17).

    Only these vectors are held: N × M numbers of their dtype. Results may come from a generator.

    Args:
        results: explanations, or results loaded from files that hold the vectors.
        k: which vector, by its place in the ranking, from 0.
        by: the ranking: ``singular_value`` (σ), ``contribution`` (|α|), or ``reduced``.
        absolute: return |cosine| instead of cosines after alignment of the signs.
        threshold: least mean |cosine| of two parts that are joined into one group, 0 to 1.
        names: of the results; None numbers them from 0.

    Returns:
        The matrix, its order by average-linkage clustering of 1 − |cosine|, and the groups.

    Raises:
        InvalidInputError: no result, results for inputs of different shapes, a result without a
            k-th component or its vector, or an argument out of range.
        MissingExtraError: SciPy is not installed.

    >>> import torch, specxai
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ELU(), torch.nn.Linear(4, 2))
    >>> results = [specxai.explain(net.eval(), torch.randn(1, 3), "1") for _ in range(4)]
    >>> similarity(results).matrix.diagonal().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    if k < 0 or not 0 <= threshold <= 1:
        raise InvalidInputError(f"k={k}, threshold={threshold}: k from 0, threshold from 0 to 1")
    if isinstance(results, Result):  # which is a sequence too, of components
        raise InvalidInputError("one result alone has nothing to compare: give several in a list")
    vectors = _gather(results, k, by)
    names = tuple(map(str, range(len(vectors))) if names is None else names)
    if len(names) != len(vectors):
        raise InvalidInputError(f"{len(names)} names for {len(vectors)} results: give one each")
    cosines = _cosines(vectors)
    order, groups = _cluster(cosines.abs(), threshold)
    signs = _align_signs(cosines, groups)
    matrix = cosines.abs() if absolute else cosines * signs.outer(signs)
    return Similarity(names, k, by, absolute, matrix, signs, order, groups, threshold)


def _gather(results: Iterable[Result], k: int, by: Ranking) -> list[Float[Tensor, " _"]]:
    """Take the k-th vector of each result, flat."""
    vectors: list[Tensor] = []
    shape, scale = None, None
    for number, result in enumerate(results):
        shape = result.x.shape if shape is None else shape
        if result.x.shape != shape:
            raise InvalidInputError(
                f"result {number} has an input of shape {tuple(result.x.shape)}, those before of "
                f"{tuple(shape)}: compare results for inputs of one shape"
            )
        scale = result.scale if number == 0 else scale
        if not _same(scale, result.scale):
            raise InvalidInputError(
                f"result {number} has another scale= than those before: explain all with one"
            )
        chosen = result.top(k + 1, by)[k:]
        if not len(chosen):
            raise InvalidInputError(f"result {number} has no component {k} by {by}: lower k")
        try:
            vectors.append(result.directions(chosen)[0].flatten().cpu())
        except InvalidInputError as fault:
            raise InvalidInputError(f"result {number}: {fault}") from fault
    if not vectors:
        raise InvalidInputError("there is no result to compare: give one or more")
    return vectors


def _same(first: Tensor | None, second: Tensor | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.cpu().equal(second.cpu())


def _cosines(vectors: list[Float[Tensor, " _"]]) -> Float[Tensor, "N N"]:
    """Multiply vectors with each other, block after block of their values, in float64."""
    count, width = len(vectors), max(1, _BLOCK // len(vectors))
    products = torch.zeros(count, count, dtype=torch.float64)
    for start in range(0, len(vectors[0]), width):
        block = torch.stack([vector[start : start + width] for vector in vectors]).double()
        products.addmm_(block, block.T)
    # Stored vectors may have lost digits: of their length too.
    lengths = products.diagonal().sqrt()
    cosines = (products / lengths.outer(lengths)).clamp(-1, 1)
    return ((cosines + cosines.T) / 2).fill_diagonal_(1)


def _cluster(
    similarities: Float[Tensor, "N N"], threshold: float
) -> tuple[Int[Tensor, " N"], tuple[tuple[int, ...], ...]]:
    """Order by average linkage, and cut the tree where the mean similarity is the threshold."""
    try:
        from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
        from scipy.spatial.distance import squareform
    except ImportError as error:
        raise MissingExtraError("the clustering of similarities", "scipy") from error
    if len(similarities) == 1:
        return torch.zeros(1, dtype=torch.int64), ((0,),)
    distances = squareform((1 - similarities).numpy(), checks=False)
    tree = linkage(distances, "average", optimal_ordering=True)
    leaves = leaves_list(tree)
    labels = fcluster(tree, 1 - threshold, "distance")
    groups = groupby(leaves.tolist(), key=lambda leaf: labels[leaf])
    return torch.from_numpy(leaves.astype(np.int64)), tuple(tuple(group) for _, group in groups)


def _align_signs(
    cosines: Float[Tensor, "N N"], groups: tuple[tuple[int, ...], ...]
) -> Float[Tensor, " N"]:
    """Choose signs so that vectors of a group agree, and most of them keep theirs."""
    signs = torch.ones(len(cosines), dtype=torch.float64)
    for group in map(list, groups):
        leading = torch.linalg.eigh(cosines[group][:, group]).eigenvectors[:, -1]
        turned = torch.where(leading < 0, -1.0, 1.0).double()
        signs[group] = turned if turned.sum() >= 0 else -turned
    return signs
