"""Which units of a layer the input moves at all: the nonzero rows of its Jacobian."""

from functools import partial

import torch
from jaxtyping import Bool
from torch import Tensor

from specxai.affine.forward import run_until
from specxai.affine.jacobian import Jacobian
from specxai.affine.linearization import Linearization


def active_units(jacobian: Jacobian, seed: int = 0) -> Bool[Tensor, "m"]:
    """Find the units whose row of the Jacobian is not zero.

    A zero row, such as that of a closed ReLU, gives exactly zero along every direction; any other
    row does not, along a random one. Two directions are taken, because a product may underflow.

    Args:
        jacobian: an operator of shape (m, M).
        seed: seed of the random directions.

    Returns:
        Whether each unit of the flattened output is active.
    """
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(2, jacobian.shape[1], generator=generator, dtype=jacobian.x.dtype)
    return jacobian.push(directions.to(jacobian.x.device)).any(0)


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
    parts = active_units(everything).split([layer.units for layer in layers])
    return {address: int(part.sum()) for address, part in zip(addresses, parts, strict=True)}
