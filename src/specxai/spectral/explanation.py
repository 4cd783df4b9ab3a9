"""The results that users hold: numbers with all that can be done with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor, nn

from specxai.affine import Linearization, fingerprint
from specxai.errors import InvalidInputError, NetworkNeededError
from specxai.presentation import Drawn
from specxai.spectral.edits.causal_curve import CausalCurve, CausalOrder, causal_curve
from specxai.spectral.edits.collapse import Collapsed, collapse
from specxai.spectral.edits.interpolation import Interpolation, interpolation
from specxai.spectral.edits.surgery import Surgery, scale_components
from specxai.spectral.edits.trust import Trust, measure_trust
from specxai.spectral.files.loading import read
from specxai.spectral.files.points import export_points
from specxai.spectral.files.saving import VectorDtype, file_size, save
from specxai.spectral.files.stored import StoredDecomposition
from specxai.spectral.records.component import Component, components_of
from specxai.spectral.records.decomposition import Decomposition, Indices, Ranking
from specxai.spectral.records.features import Groups, Names, Units, name_features
from specxai.spectral.records.grouping import sum_groups
from specxai.spectral.records.network_decomposition import NetworkDecomposition
from specxai.spectral.records.plain_form import as_dict, as_frame
from specxai.spectral.records.words import told
from specxai.spectral.symbolic.assembly import SymbolicExpression, symbolic

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class _Told(Decomposition, Drawn):
    """What can be done with a result whether or not its network is at hand.

    It is a sequence of its components: ``len(ex)``, ``ex[3]``, ``ex[-1]``, ``ex[:3]``, and a loop
    over it gives `Component` records.
    """

    def __repr__(self) -> str:
        return told(self)

    def __len__(self) -> int:
        return self.rank

    def __bool__(self) -> bool:  # a result without components is one too
        return True

    def __iter__(self) -> Iterator[Component]:
        return iter(self._components)

    @overload
    def __getitem__(self, k: int) -> Component: ...
    @overload
    def __getitem__(self, k: slice) -> tuple[Component, ...]: ...

    def __getitem__(self, k: int | slice) -> Component | tuple[Component, ...]:
        try:
            return self._components[k]
        except IndexError:
            raise IndexError(f"component {k} does not exist: there are {self.rank}") from None

    @cached_property
    def _components(self) -> tuple[Component, ...]:
        return tuple(components_of(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain numbers and names, fit for JSON; all components, no vectors.

        Of all outputs together terms are Euclidean norms. What is not a number is None.
        """
        return as_dict(self)

    def to_frame(self) -> "pandas.DataFrame":
        """Return the components as a data frame, one row each; see `Component` for the columns.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return as_frame(self)

    @overload
    def group_contributions(self, indices: None = None) -> dict[str, float]: ...
    @overload
    def group_contributions(self, indices: Indices) -> dict[str, Float[Tensor, " n"]]: ...

    def group_contributions(
        self, indices: Indices | None = None
    ) -> dict[str, float] | dict[str, Float[Tensor, " n"]]:
        """Return what each group of inputs adds to the output, in all or through components.

        Where no groups were given, each named input is one. Values that are in none are together
        ``other inputs``, so that the sums add up to `linear`, or to the components' α.

        Args:
            indices: components, from 0, for the part of each in its α; None for all that is
                linear in the input, u ⊙ (x − x₀), which asks the network.

        Returns:
            By the name of the group a number; or for components one number each, shape (n,),
            float64.

        Raises:
            InvalidInputError: the input has no names and no groups, a component does not exist or
                has no vector, or the network is not at hand.
            TargetError: the explanation is of all outputs together.
        """
        if indices is not None:
            return sum_groups(self.contribution_maps(indices, None), self.features)
        if not isinstance(self, NetworkDecomposition):
            raise InvalidInputError(
                "what groups add in all is not known without the network: give indices= of "
                "components whose vectors were kept"
            )
        sums = sum_groups(self.total_map(None)[None], self.features)
        return {name: float(total) for name, total in sums.items()}

    def export_points(
        self,
        path: str | PathLike[str],
        points: Float[Tensor | np.ndarray, "points 3"],
        faces: Int[Tensor | np.ndarray, "faces 3"] | None = None,
        indices: Indices | None = None,
    ) -> None:
        """Write components over points to a .ply or .vtp file, for viewers of 3-D data.

        Each component k has three fields: ``alpha_k``, what each point adds to the output, which
        sums to α_k; ``map_k``, φ_k ⊙ x summed over xyz (23); and the direction ``phi_k``. From a
        baseline x − x₀ takes the place of x.

        Args:
            path: its ending tells the format; a file there is replaced.
            points: where the points are drawn, one for each of the input, shape (1, points, 3).
            faces: corners of triangles; None for a cloud of points.
            indices: the components; None takes the first three by contribution.

        Raises:
            InvalidInputError: the ending is another, a point is not finite, or points, faces and
                input do not fit.
            SpecxaiError: the file cannot be written.
        """
        chosen = self.checked(self.top(3) if indices is None else indices)
        vectors = dict(zip(chosen.tolist(), self.right_vectors(chosen), strict=True))
        weights = (self.psi * self.singular_values).tolist()
        export_points(path, points, faces, vectors, weights, self.displacement)

    def symbolic(
        self,
        n: int | None = 5,
        by: Ranking = "contribution",
        reduced: bool = False,
        dim: int | None = 1,
        feature_names: Names | None = None,
        units: Units | None = None,
    ) -> SymbolicExpression:
        """Return the output as n terms that are linear in the input, and what is beside them (25).

        Args:
            n: how many terms to show; None for all.
            by: ranking of the terms; the reduced form always ranks by share.
            reduced: let contributions of opposite sign cancel (21).
            dim: dimension of x that positions sum over; None for none.
            feature_names: names of the input values, as `specxai.explain` takes them; None takes
                those that the result has.
            units: their units, likewise.

        Raises:
            TargetError: the explanation is of all outputs together.
        """
        return symbolic(self, self._affine_map, n, by, reduced, dim, feature_names, units)

    @property
    def _affine_map(self) -> Linearization | None:
        """The network as an affine map, where it is at hand."""
        return None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Explanation(NetworkDecomposition, _Told):
    """One output of a network as a sum of components, beside the network that it is of.

    Its numbers are described at `Decomposition`.
    """

    def named(
        self, model: str, target_name: str | None = None, exclusive: bool = True
    ) -> "Explanation":
        """Return the same under other names, and with the probability of the class.

        Args:
            model: name of the model.
            target_name: of the explained output; None keeps the one it has.
            exclusive: whether the outputs are scores of classes of which one is true.
        """
        named, outputs = target_name or self.target_name, self.linearization.output
        probability = None
        several = exclusive and outputs[0].numel() > 1
        if named is not None and isinstance(self.target, int) and several:
            probability = float(_probabilities(outputs[0].double())[self.target])
        about = replace(self.about, model=model, target_name=named, probability=probability)
        return replace(self, about=about)

    def with_features(
        self,
        feature_names: Names | None = None,
        units: Units | None = None,
        groups: Groups | None = None,
        names_dim: int | None = None,
    ) -> "Explanation":
        """Return the same with names, units and groups of the input's values.

        Args:
            feature_names: a name for each value, or a mapping from positions to names; with
                ``names_dim`` for each position along that dimension.
            units: in the order of the names, or by name.
            groups: by name the positions, or the names, of what belongs together.
            names_dim: dimension of x, counted with the batch dimension, whose positions are named,
                such as the tokens of a text along 1.

        Raises:
            InvalidInputError: names, units or groups do not fit the input.
        """
        shape = self.x.shape[1:]
        features = name_features(shape, feature_names, units, groups, names_dim)
        return replace(self, features=features)

    def surgery(
        self,
        keep: Indices | None = None,
        drop: Indices | None = None,
        scale: Mapping[int, float] | None = None,
    ) -> Surgery:
        """Scale components and run the real network; see `specxai.spectral.edits.surgery`."""
        return scale_components(self, keep, drop, scale)

    def causal_curve(
        self, order: CausalOrder = "contribution", n: int = 64, seed: int = 0, drop: bool = True
    ) -> CausalCurve:
        """Remove components one after the other; see `specxai.spectral.edits.causal_curve`."""
        return causal_curve(self, order, n, seed, drop)

    def interpolation(self, shares: Sequence[float] = (0.25, 0.5, 0.75)) -> Interpolation:
        """Follow the real network from the baseline; see `specxai.spectral.edits.interpolation`."""
        return interpolation(self, shares)

    def trust(self, noise: float = 0.01, seed: int = 0) -> Trust:
        """Measure how far it may be trusted; see `specxai.spectral.edits.trust`."""
        return measure_trust(self, noise, seed)

    def collapse(
        self,
        rank: int,
        by: Ranking = "contribution",
        neighbours: Float[Tensor, "n ..."] | None = None,
    ) -> Collapsed:
        """Make the local map two linear layers; see `specxai.spectral.edits.collapse`."""
        return collapse(self, rank, by, neighbours)

    def save(
        self,
        path: str | PathLike[str],
        vectors: Indices | None = None,
        left: bool = False,
        dtype: VectorDtype = "native",
    ) -> None:
        """Write the result to a safetensors file, for `specxai.load`; whole or not at all.

        The numbers, the names and the input are always kept. Of each component in ``vectors`` the
        right singular vector is kept too, which is what takes room: each as much as the input, 0.6
        MB for a picture of 224 × 224. `file_size` tells the bytes before.

        Args:
            path: the file; an existing one is replaced.
            vectors: components whose right singular vectors are kept. None keeps what a figure and
                an equation need: those of largest |α| that carry 90 % of what is linear in the
                input, five to eight, and the three of largest σ.
            left: whether their left ones are kept too.
            dtype: ``native`` keeps all digits of the vectors, ``float32`` and ``float16`` fewer;
                ``none`` keeps no vectors.

        Raises:
            SpecxaiError: the file cannot be written.
            InvalidInputError: a component does not exist, or the dtype is unknown.
        """
        save(self, path, self.fingerprint, vectors, left, dtype)

    def file_size(
        self, vectors: Indices | None = None, left: bool = False, dtype: VectorDtype = "native"
    ) -> int:
        """Return how many bytes `save` would write, to within about a thousand.

        Args:
            vectors: components whose right singular vectors are kept; None as in `save`.
            left: whether their left ones are kept too.
            dtype: of the kept vectors, as `save` takes it.
        """
        return file_size(self, vectors, left, dtype)

    @property
    def _affine_map(self) -> Linearization:
        return self.linearization


def _probabilities(outputs: Float[Tensor, " C"]) -> Float[Tensor, " C"]:
    """Return what a softmax makes of outputs, or these where one has made them already."""
    made = bool((outputs >= 0).all()) and abs(float(outputs.sum()) - 1) < 1e-4
    return outputs if made else outputs.softmax(0)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StoredExplanation(StoredDecomposition, _Told):
    """One output of a network as a sum of components, from a file and without the network."""

    def is_of(self, model: nn.Module) -> bool:
        """Tell whether a network has the parameters and buffers that the result was computed from.

        Args:
            model: the network, in the dtype in which it was explained.
        """
        return fingerprint(model) == self.record.fingerprint

    if not TYPE_CHECKING:  # so that a misspelled name is still a fault of types

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("_") and hasattr(Explanation, name):
                raise NetworkNeededError(
                    f"a stored result has no {name}, which needs the network: explain again"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def load(path: str | PathLike[str]) -> StoredExplanation:
    """Read a result that `Explanation.save` has written. Nothing in a file is ever run.

    Args:
        path: the file.

    Returns:
        Everything that was kept, on the CPU. Where the vectors were kept in fewer digits than the
        input has, ``note`` says so.

    Raises:
        LoadError: the file is missing, truncated, damaged, of another kind or of another schema,
            or its numbers contradict each other.
    """
    return read(path, StoredExplanation)
