"""Surgery: components removed, kept or scaled, as the affine map predicts it and as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import Flip, Region
from specxai.errors import InvalidInputError
from specxai.spectral.edits.edit import (
    change_at_layer,
    explained,
    predict,
    rest_of_network,
    run_edited,
)
from specxai.spectral.edits.edited_module import EditedModule, edited_module
from specxai.spectral.records.decomposition import Indices, check_components
from specxai.spectral.records.network_decomposition import NetworkDecomposition


@dataclass(frozen=True, eq=False)
class Surgery:
    """An explained network with its components scaled by s, at the input of the explanation.

    The layer's output z becomes z' = z + U diag(s − 1) Σ Vᵀ x, and all that follows the layer
    runs on it untouched; what goes around the layer, and the layer's own offset, stay. With
    ``layer=None`` the edit is one of the output itself.

    Attributes:
        explanation: the result whose components are scaled.
        scales: s, shape (r,), float64: 1 leaves a component as it is, 0 removes it.
        prediction: of the explained output, by the affine map: Σ s_k α_k + unresolved + bypass
            + b (20), shape (), or the whole output's; float64.
        outputs: all outputs of the real network with z', shape (1, *output), float64.
    """

    explanation: NetworkDecomposition = field(repr=False)
    scales: Float[Tensor, " r"] = field(repr=False)
    prediction: Tensor
    outputs: Float[Tensor, "1 ..."] = field(repr=False)

    @property
    def answer(self) -> Tensor:
        """The explained output of the real network with z', shaped like the prediction."""
        answer = explained(self.outputs, self.explanation.target)
        return answer.reshape(self.prediction.shape)

    @property
    def difference(self) -> Tensor:
        """The answer less the prediction: rounding, if the edit stays in the linear region."""
        return self.answer - self.prediction

    @cached_property
    def predictions(self) -> Float[Tensor, "1 ..."]:
        """All outputs by the affine map, y + L (z' − z), shape (1, *output), float64."""
        rest = rest_of_network(self.explanation)
        change = rest.push(self._change.to(rest.x.dtype)).double()
        output = self.explanation.linearization.output.double()
        return output + change.reshape(output.shape)

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """The operation calls behind the layer whose gates or pool choices change.

        If there are none, z' is in the linear region of z, and the prediction is exact but for
        what conventions stand in for (14, 15).
        """
        z = self._region.x
        return self._region.flips(z + self._change.to(z.dtype))

    @cached_property
    def reach(self) -> float:
        """The share of the edit at which the first gate flips: beyond 1, or infinite, if none does.

        It is exact: the distance to the border of the linear region along z' − z.
        """
        length = float(self._change.norm())
        return self._region.distance(self._change) / length if length else float("inf")

    @property
    def borders(self) -> int:
        """How many borders gates and pool choices behind the layer have, that its output moves."""
        return self._region.borders

    def as_module(self) -> EditedModule:
        """Return a copy of the model that makes this edit of any input; see `EditedModule`."""
        return edited_module(self.explanation, self.scales)

    @cached_property
    def _change(self) -> Float[Tensor, "1 m"]:
        return change_at_layer(self.explanation, self.scales[None])

    @cached_property
    def _region(self) -> Region:
        ex = self.explanation
        return ex.linearization.at_x.region_at(ex.layer, ex.split.right.value)


def scale_components(
    explanation: NetworkDecomposition,
    keep: Indices | None = None,
    drop: Indices | None = None,
    scale: Mapping[int, float] | None = None,
) -> Surgery:
    """Scale components of an explanation and run the real network; see `Surgery`.

    Args:
        explanation: the result whose components are scaled.
        keep: the components that stay; all others are removed.
        drop: the components that are removed.
        scale: the factor for each component that is changed.

    Returns:
        What the affine map predicts, and what the network answers.

    Raises:
        InvalidInputError: not exactly one of the three is given, a component does not exist, or a
            factor is not finite.

    >>> import specxai, torch
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> cut = scale_components(specxai.explain(net.eval(), torch.ones(1, 3), layer="1"), drop=0)
    >>> torch.allclose(cut.prediction, cut.answer)  # no gate behind layer 1
    True
    """
    scales = read_scales(explanation.rank, keep, drop, scale).to(explanation.contributions.device)
    prediction = predict(explanation, scales[None]).reshape(explanation.output.shape)
    return Surgery(explanation, scales, prediction, run_edited(explanation, scales[None]))


def read_scales(
    rank: int,
    keep: Indices | None = None,
    drop: Indices | None = None,
    scale: Mapping[int, float] | None = None,
) -> Float[Tensor, " r"]:
    """Read an edit in one of three ways.

    Args:
        rank: the number r of components.
        keep: the components that stay; all others are removed.
        drop: the components that are removed.
        scale: the factor for each component that is changed.

    Returns:
        s: 1 leaves a component as it is, 0 removes it, shape (r,), float64.

    Raises:
        InvalidInputError: none or several of the three are given, a component does not exist, or a
            factor is not finite.

    >>> read_scales(3, drop=[1]), read_scales(3, scale={0: 2.0})
    (tensor([1., 0., 1.], dtype=torch.float64), tensor([2., 1., 1.], dtype=torch.float64))
    """
    if sum(choice is not None for choice in (keep, drop, scale)) != 1:
        raise InvalidInputError("say what to change: one of keep=…, drop=… and scale={k: s}")
    if keep is not None:
        others, chosen, factors = 0.0, keep, [1.0]
    elif drop is not None:
        others, chosen, factors = 1.0, drop, [0.0]
    else:
        others, chosen, factors = 1.0, list(scale or {}), [float(s) for s in (scale or {}).values()]
    indices = check_components(chosen, rank, torch.device("cpu"))
    scales = torch.full((rank,), others, dtype=torch.float64)
    scales[indices] = scales.new_tensor(factors)
    if not scales.isfinite().all():
        raise InvalidInputError(f"scale={scale} holds a factor that is not finite")
    return scales
