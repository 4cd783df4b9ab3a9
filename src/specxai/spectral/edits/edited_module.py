"""An edit as a module: a copy of the model that scales components of any input."""

from contextlib import ExitStack
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from specxai.affine.tracing.network import intercept
from specxai.affine.tracing.root import Forward, Root
from specxai.spectral.records.network_decomposition import NetworkDecomposition


class LayerEdit(nn.Module):
    """z' = z + (g + W diag(h) Wᵀ) (z − z₀) on some units of a layer; the others stay.

    Args:
        active: positions of these units, shape (a,), int64.
        offset: z₀ on them, what the layer gives without the linear part, shape (a,).
        vectors: W, orthonormal columns, shape (a, w).
        gains: h, shape (w,).
        gain: g, for all directions at once.
    """

    active: Tensor
    offset: Tensor
    vectors: Tensor
    gains: Tensor

    def __init__(
        self,
        active: Int[Tensor, " a"],
        offset: Float[Tensor, " a"],
        vectors: Float[Tensor, "a w"],
        gains: Float[Tensor, " w"],
        gain: float,
    ) -> None:
        super().__init__()
        self.register_buffer("active", active)
        self.register_buffer("offset", offset)
        self.register_buffer("vectors", vectors)
        self.register_buffer("gains", gains)
        self.gain = gain

    def forward(self, z: Float[Tensor, "B m"]) -> Float[Tensor, "B m"]:
        """Edit the layer's output."""
        linear = z[:, self.active].to(self.offset.dtype) - self.offset
        change = self.gain * linear + ((linear @ self.vectors) * self.gains) @ self.vectors.T
        return z.index_add(1, self.active, change.to(z.dtype))


class EditedModule(Root):
    """A model that scales components of whatever it is given.

    The components are those of one input: fixed directions U in the layer's output. Another input
    has z − z₀ projected on them, with z₀ = z(x) − R x the layer's offset at the input x that was
    explained: z' = z + U diag(s − 1) Uᵀ (z − z₀). At x this is the surgery itself. All orthogonal
    to U stays: directions that were not resolved, and units that were not active at x.

    It is called as the model is, with batches of any size that the model takes. It can be moved,
    saved and exported with ``torch.export`` (on PyTorch 2.6 with ``strict=False``), and shares
    nothing with the model it was made from.

    Args:
        model: becomes part of it.
        forward: calls the model; None calls it directly.
        layers: addresses of the edited layers, in the order of their calls; none is the output.
        unit_counts: how many values each of them has.
        edit: of their outputs, one layer after the other.
    """

    def __init__(
        self,
        model: nn.Module,
        forward: Forward | None,
        layers: tuple[str, ...],
        unit_counts: tuple[int, ...],
        edit: LayerEdit,
    ) -> None:
        super().__init__(model, forward)
        self.layers = layers
        self.unit_counts = unit_counts
        self.edit = edit

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model, and edit on the way."""
        if not self.layers:
            output = super().forward(*args, **kwargs)
            return self._edited(output)
        if len(self.layers) == 1:
            with intercept(self.model, self.layers[0], self._edited):
                return super().forward(*args, **kwargs)
        return self._forward_twice(*args, **kwargs)

    def _forward_twice(self, *args: Any, **kwargs: Any) -> Any:
        """Edit layers together: only a run to the end tells what each of them gives."""
        seen: list[Tensor] = []

        def keep(output: Tensor) -> Tensor:
            seen.append(output.clone())  # an in-place operation may overwrite it
            return output

        def put(values: Tensor, output: Tensor) -> Tensor:
            return values.reshape(output.shape).clone()  # of its own, for the same reason

        with ExitStack() as hooks:
            for layer in self.layers:
                hooks.enter_context(intercept(self.model, layer, keep))
            super().forward(*args, **kwargs)
        flat = [z.reshape(-1, count) for z, count in zip(seen, self.unit_counts, strict=True)]
        parts = self.edit(torch.cat(flat, 1)).split(self.unit_counts, 1)
        with ExitStack() as hooks:
            for layer, values in zip(self.layers, parts, strict=True):
                hooks.enter_context(intercept(self.model, layer, partial(put, values)))
            return super().forward(*args, **kwargs)

    def _edited(self, z: Tensor) -> Tensor:
        edited: Tensor = self.edit(z.reshape(-1, *self.unit_counts))
        return edited.reshape(z.shape)


def edited_module(explanation: NetworkDecomposition, scales: Float[Tensor, " r"]) -> EditedModule:
    """Make a copy of the explained model that scales its components; see `EditedModule`.

    Args:
        explanation: the result whose components are scaled.
        scales: s, shape (r,), float64.

    Returns:
        The copy, in eval mode; its edit has the dtype of the explanation's input.
    """
    lin = explanation.linearization
    layers = lin.addresses(explanation.layer)
    unit_counts = tuple(lin.layer(layer).unit_count for layer in layers) or (lin.output.numel(),)
    module = EditedModule(
        deepcopy(lin.model), lin.network.forward, layers, unit_counts, _edit(explanation, scales)
    )
    return module.eval()


def _edit(explanation: NetworkDecomposition, scales: Float[Tensor, " r"]) -> LayerEdit:
    """Choose the fewer vectors: those of the changed components, or those of all others.

    The second needs that together with the unresolved directions they span all active units.
    """
    svd, x = explanation.svd, explanation.x
    vectors = torch.cat([svd.left, svd.rest], 1)
    factors = torch.cat([scales, scales.new_ones(svd.rest.shape[1])])
    common = factors.new_tensor(1.0)
    if vectors.shape[0] == vectors.shape[1]:
        common = factors.mode().values
    special = factors != common
    right = explanation.split.right
    offset = right.value.flatten().double() - right.image
    return LayerEdit(
        svd.active,
        offset[svd.active].to(x.dtype),
        vectors[:, special].to(x.dtype),
        (factors - common)[special].to(x.dtype),
        float(common - 1),
    )
