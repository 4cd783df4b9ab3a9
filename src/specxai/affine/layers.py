"""Layers of a network: which all paths cross (paper, equation 16), and how many units move."""

from collections.abc import Sequence
from functools import partial
from math import prod

from specxai.affine.linearization import Linearization
from specxai.affine.products.jacobian import Jacobian
from specxai.affine.tracing.network import parse_address, run_until
from specxai.affine.tracing.operations import Kind
from specxai.affine.tracing.recorder import Layer


def cut_layers(lin: Linearization) -> list[Layer]:
    """Return the calls of modules that every path from input to output crosses, in their order.

    Args:
        lin: the network as an affine map.
    """
    return [layer for layer in lin.layers if layer.cut and layer.on_path and layer.shape]


def bent_layers(lin: Linearization, layers: Sequence[Layer]) -> list[Layer]:
    """Return those of modules that themselves call something not affine, such as an activation.

    Args:
        lin: the network as an affine map.
        layers: of it.

    Returns:
        Some of the layers; all of them if none is like that.
    """
    bending = {site.module for site in lin.sites if site.kind is not Kind.AFFINE}
    return [layer for layer in layers if module_path(layer) in bending] or list(layers)


def default_layer(lin: Linearization) -> str | None:
    """Choose where to split: at the last cut with positions, else at the last before the output.

    Positions are the pixels of a feature map, or the tokens or steps of a sequence. Among cuts,
    modules that call an activation or the like are preferred: units at rest need no work there.

    Args:
        lin: the network as an affine map.

    Returns:
        The address; None, the whole network, where no module before the output is a cut.
    """
    before = [layer for layer in cut_layers(lin) if layer.shape != tuple(lin.output.shape)]
    chosen = [layer for layer in before if _has_positions(layer)] or before
    return bent_layers(lin, chosen)[-1].address if chosen else None


def _has_positions(layer: Layer) -> bool:
    """Tell whether a layer's output has more than one place: (1, C, H, W), (1, C, L), (1, T, E)."""
    shape = layer.shape or ()
    if len(shape) == 3:
        return min(shape[1:]) > 1
    return len(shape) > 3 and prod(shape[2:]) > 1


def module_path(layer: Layer) -> str:
    """Return the path of the module whose call a layer is."""
    return parse_address(layer.address)[0]


def count_active_units(lin: Linearization) -> dict[str, int]:
    """Count the active units of every layer on the input's path, in one forward pass.

    Args:
        lin: the network as an affine map.

    Returns:
        The number of active units for each layer address.
    """
    layers = [layer for layer in lin.layers if layer.on_path and layer.shape is not None]
    addresses = [layer.address for layer in layers]
    if not addresses:
        return {}
    everything = Jacobian(partial(run_until, lin.network, addresses), lin.x)
    parts = everything.active.split([layer.unit_count for layer in layers])
    return {address: int(part.sum()) for address, part in zip(addresses, parts, strict=True)}
