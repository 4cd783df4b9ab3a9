"""Layers that all paths cross, where a network can be split without a rest (paper, equation 16)."""

from collections.abc import Sequence

from specxai.affine.linearization import Linearization
from specxai.affine.tracing.network import parse_address
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
