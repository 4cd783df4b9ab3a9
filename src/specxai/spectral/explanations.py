"""The results of many inputs: their numbers side by side, and each as a result of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, overload

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine.many import LinearMaps
from specxai.errors import InvalidInputError
from specxai.files import digest
from specxai.spectral.explanation import StoredExplanation
from specxai.spectral.files.stored import Record
from specxai.spectral.records.features import Features
from specxai.spectral.records.parts import About, Spectrum, Terms
from specxai.spectral.records.plain_form import import_pandas
from specxai.spectral.svd.exact import clusters_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Components:
    """The components of n inputs, in rows as long as the longest; zero beyond the rank of each.

    Attributes:
        rank: r_i, how many components an input has, shape (n,), int64.
        active: how many units it moves, shape (n,), int64.
        singular_values: σ, descending, shape (n, r).
        psi: ψ = L U, shape (n, r).
        coefficients: c = σ φ·(x − x₀) ≥ 0, shape (n, r).
        bypass: what goes around the layer, shape (n,).
        kept: components whose vectors are kept: of largest |α|, shape (n, v), int64.
        right: their φ, of length 1 in units of the scale, shape (n, v, *input), of the input's
            dtype.
        left: their U, shape (n, v, *layer's output), float64.
    """

    rank: Int[Tensor, " n"]
    active: Int[Tensor, " n"]
    singular_values: Float[Tensor, "n r"]
    psi: Float[Tensor, "n r"]
    coefficients: Float[Tensor, "n r"]
    bypass: Float[Tensor, " n"]
    kept: Int[Tensor, "n v"]
    right: Float[Tensor, "n v ..."] = field(repr=False)
    left: Float[Tensor, "n v ..."] = field(repr=False)

    @property
    def contributions(self) -> Float[Tensor, "n r"]:
        """α = ψ c, what each component adds to its output (20)."""
        return self.psi * self.coefficients


@dataclass(frozen=True)
class Group:
    """Inputs that were given one label.

    Attributes:
        count: how many.
        output: mean of y and its standard deviation, over n.
        mean: of what each value of the input adds, u ⊙ (x − x₀), shape (*input).
        deviation: of the same, over n.
    """

    count: int
    output: tuple[float, float]
    mean: Float[Tensor, "..."]
    deviation: Float[Tensor, "..."]


@dataclass(frozen=True, eq=False, repr=False)
class Explanations(Sequence[StoredExplanation]):
    """What `explain_many` gives: a sequence of results, and their numbers side by side.

    A result is made when it is asked for, as `specxai.load` gives one: without the network.

    Attributes:
        maps: the affine maps.
        components: the numbers of all components.
        about: of the first; target, name and active units differ.
        names: of the explained outputs, where they have some.
        features: names, units and groups of the input's values.
        scale: that directions are measured in, shape (1, *input); None for the input's own units.
        record: what a file of such a result would say; its input is another one each.
    """

    maps: LinearMaps
    components: Components
    about: About
    names: tuple[str | None, ...]
    features: Features
    scale: Float[Tensor, "1 ..."] | None
    record: Record

    def __repr__(self) -> str:
        how = "" if self.maps.together else ", one by one"
        least, most = int(self.components.rank.min()), int(self.components.rank.max())
        several = f"{least}" if least == most else f"{least} to {most}"
        return (
            f"Explanations of {self.about.model}: {len(self):,} inputs{how}, "
            f"at {self.about.layer_name}, {several} components each"
        )

    def __len__(self) -> int:
        return len(self.maps.x)

    @overload
    def __getitem__(self, index: int) -> StoredExplanation: ...

    @overload
    def __getitem__(self, index: slice) -> list[StoredExplanation]: ...

    def __getitem__(self, index: int | slice) -> StoredExplanation | list[StoredExplanation]:
        if isinstance(index, slice):
            return [self._result(k) for k in range(len(self))[index]]
        return self._result(range(len(self))[index])

    @property
    def contributions(self) -> Float[Tensor, "n r"]:
        """α of all inputs, zero beyond the rank of each."""
        return self.components.contributions

    @cached_property
    def residual(self) -> Float[Tensor, " n"]:
        """How far y is from Σα + bypass + b or y₀, for each input: rounding."""
        total = self.contributions.sum(1) + self.components.bypass + self.maps.bias
        return self.maps.output - total

    def groups(self, labels: Sequence[object]) -> dict[object, Group]:
        """Return means and spreads of what inputs of one label rest on.

        Args:
            labels: one for each input, such as a class.

        Raises:
            InvalidInputError: there are more or fewer labels than inputs.
        """
        if len(labels) != len(self):
            raise InvalidInputError(f"{len(labels)} labels for {len(self)} inputs: give one each")
        found = {}
        for label in dict.fromkeys(labels):
            rows = torch.tensor([k for k, each in enumerate(labels) if each == label])
            y, parts = self.maps.output[rows], self.maps.attributions[rows]
            spread = float(y.std(correction=0))
            found[label] = Group(
                len(rows), (float(y.mean()), spread), parts.mean(0), parts.std(0, correction=0)
            )
        return found

    def to_frame(self) -> "pandas.DataFrame":
        """Return a data frame with a row for each input.

        Returns:
            Target and its name, y, y₀ or b, u·(x − x₀), bypass, residual and rank; and of named
            input values what each adds.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = import_pandas()
        maps, parts = self.maps, self.components
        numbers = {
            "output": maps.output,
            "bias": maps.bias,
            "linear": maps.linear,
            "bypass": parts.bypass,
            "residual": self.residual,
            "rank": parts.rank,
        }
        columns = {"target": list(maps.targets), "target_name": list(self.names)}
        columns |= {name: value.cpu().numpy() for name, value in numbers.items()}
        if self.features.names and self.features.dim is None:
            values = maps.attributions.flatten(1)[:, list(self.features.positions)].cpu().numpy()
            columns |= dict(zip(self.features.names, values.T, strict=True))
        return pandas.DataFrame(columns)

    def _result(self, k: int) -> StoredExplanation:
        maps, parts = self.maps, self.components
        rank, x = int(parts.rank[k]), maps.x[k : k + 1]
        sigma, psi, c = (
            each[k, :rank] for each in (parts.singular_values, parts.psi, parts.coefficients)
        )
        kept = parts.kept[k][parts.kept[k] < rank]
        resolution = float(8 * torch.finfo(x.dtype).eps * sigma.norm())
        zero = torch.zeros((), dtype=torch.float64, device=x.device)
        return StoredExplanation(
            about=replace(
                self.about,
                target=maps.targets[k],
                target_name=self.names[k],
                active_count=int(parts.active[k]),
            ),
            terms=Terms(
                output=maps.output[k],
                linear=maps.linear[k],
                bias=maps.bias[k],
                bypass=parts.bypass[k],
                unresolved=zero,
                residual=self.residual[k],
            ),
            spectrum=Spectrum(
                singular_values=sigma,
                psi=psi,
                coefficients=c,
                residual_norms=torch.zeros_like(sigma),
                clusters=clusters_of(sigma, resolution),
            ),
            x=x,
            baseline=maps.baseline,
            features=self.features,
            scale=self.scale,
            record=replace(self.record, input_hash=digest({"x": x})),
            kept=kept,
            right=parts.right[k, : len(kept)],
            left=parts.left[k, : len(kept)],
        )
