"""How many units of each layer the input moves at all."""

from functools import partial

from specxai.affine.linearization import Linearization
from specxai.affine.products.jacobian import Jacobian
from specxai.affine.tracing.network import run_until


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
