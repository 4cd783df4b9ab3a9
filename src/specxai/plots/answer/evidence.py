"""What the figure of an answer shows: the components that lead, and their maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from specxai.affine.blur import blurred
from specxai.plots.heatmap import to_array
from specxai.plots.panels import InputKind, contracted_dim, kind_of
from specxai.spectral import Decomposition
from specxai.spectral.records.contraction import default_blur
from specxai.spectral.records.network_decomposition import NetworkDecomposition

Map = Float[np.ndarray, "..."]

# On the common scale a map of less than this share of the largest |α| is not seen.
_SEEN = 0.05
# A finer grid of a layer is smoothed as the input is.
_FINE = 32
# A longer sequence without names is smoothed.
_LONG = 64
# Maps that differ by less, as a share of their largest value, are one.
_SAME = 1e-3


@dataclass(frozen=True)
class Evidence:
    """The maps of an answer, in units of the output; each sums to what it is a map of.

    Attributes:
        kind: of the input.
        leading: the components that carry the answer, the largest |α| first.
        maps: of each in the input, as far as its vector is known.
        total: all that is linear in the input, without or beyond the components; None where it is
            not known or no other than the map of the one component.
        layer_maps: of each on the layer's own grid; none where the layer has no such grid.
        blur: by which the maps in the input are smoothed, in positions; 0 for none.
        layer_blur: the same of those on the layer's grid.
    """

    kind: InputKind
    leading: tuple[int, ...]
    maps: dict[int, Map]
    total: Map | None
    layer_maps: dict[int, Map]
    blur: float
    layer_blur: float

    @property
    def scaling(self) -> list[Map]:
        """The maps that set the scale in the input: those of components, or the total alone."""
        return [*self.maps.values()] or ([] if self.total is None else [self.total])


def gather(explanation: Decomposition, top: int, names: Sequence[str] | None = None) -> Evidence:
    """Compute the maps of an answer.

    Args:
        explanation: the result, of one output.
        top: the most components.
        names: of the input's values, or of the positions of a sequence.
    """
    kind, chosen = kind_of(explanation.x), leading_components(explanation, top)
    dim = _summed_dim(explanation, names)
    blur = 0.0 if kind == "sequence" and names is not None else _blur(kind, explanation.x)
    known = [k for k in chosen if explanation.holds_vectors(k)]
    maps: dict[int, Map] = {}
    if known:
        stack = to_array(explanation.contribution_maps(known, dim, blur))
        maps = dict(zip(known, stack, strict=True))
    total: Map | None = None
    layer_maps: dict[int, Map] = {}
    layer_blur = 0.0
    if isinstance(explanation, NetworkDecomposition):
        total = to_array(explanation.total_map(dim, blur))
        if any(_are_same(total, each) for each in maps.values()):
            total = None
        layer_maps, layer_blur = _maps_at_layer(explanation, kind, known, dim)
        layer_maps = {k: each for k, each in layer_maps.items() if not _are_same(each, maps[k])}
    return Evidence(kind, chosen, maps, total, layer_maps, blur, layer_blur)


def leading_components(explanation: Decomposition, top: int) -> tuple[int, ...]:
    """Return the components that an answer names, as far as they can be seen.

    Those below a twentieth of the largest are left out: on one scale with it they are not seen.

    Args:
        explanation: the result, of one output.
        top: the most.
    """
    alphas = explanation.contributions.cpu()
    least = _SEEN * float(alphas.abs().max()) if len(alphas) else 0.0
    named = explanation.leading().tolist()[:top]
    return tuple(k for k in named if abs(alphas[k]) >= least and alphas[k] != 0)


def _summed_dim(explanation: Decomposition, names: Sequence[str] | None) -> int | None:
    """Return the dimension to sum over: of a sequence the one whose positions have no names."""
    x = explanation.x
    named = kind_of(x) == "sequence" and names is not None and len(names) == x.shape[1]
    return contracted_dim(x, 1 if named and x.shape[1] != x.shape[2] else None)


def _maps_at_layer(
    explanation: NetworkDecomposition, kind: InputKind, known: Sequence[int], dim: int | None
) -> tuple[dict[int, Map], float]:
    """Return maps on the layer's own grid, where it has one like the input's, and their blur."""
    shape = explanation.split.right.value.shape
    like_input = kind in ("image", "sequence") and len(shape) == explanation.x.ndim
    if not (known and dim and like_input and isinstance(explanation.layer, str)):
        return {}, 0.0
    maps = explanation.layer_maps(known, dim)
    if maps[0].numel() == 1:
        return {}, 0.0
    blur = _blur(kind, maps[None]) if min(maps.shape[1:]) > _FINE else 0.0
    smoothed = to_array(blurred(maps, blur, maps.ndim - 1))
    return dict(zip(known, smoothed, strict=True)), blur


def _blur(kind: InputKind, values: Float[Tensor, "1 ..."]) -> float:
    """Return the width by which maps are smoothed, in positions; 0 where each has its meaning."""
    length = values.shape[-1]
    if kind == "sequence":
        return length / 50 if length > _LONG else 0.0
    return default_blur(values)


def _are_same(one: Map, other: Map) -> bool:
    return one.shape == other.shape and bool(
        np.abs(one - other).max() <= _SAME * np.abs(other).max()
    )
