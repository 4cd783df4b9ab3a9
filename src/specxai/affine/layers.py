"""Layers of a network: which all paths cross (paper, equation 16), and how many units move."""

from collections.abc import Sequence
from functools import partial

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
