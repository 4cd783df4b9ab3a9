"""Telling whether a network is the one that a result was computed from."""

from torch import nn

from specxai.affine.tracing.preconditions import unwrapped
from specxai.files import digest


def fingerprint(model: nn.Module) -> str:
    """Return a name for a network's parameters and buffers: names, dtypes, shapes and values.

    The code that computes with them is not part of it.

    Args:
        model: the network; wrappers of ``torch.compile`` and of data-parallel training count not.

    Returns:
        SHA-256 in 64 hexadecimal digits, the same on every device.

    >>> net = nn.Linear(2, 1)
    >>> before = fingerprint(net)
    >>> _ = nn.init.zeros_(net.weight)
    >>> before == fingerprint(net)
    False
    """
    inside = unwrapped(model)
    parameters = inside.named_parameters(remove_duplicate=False)
    return digest(dict(parameters) | dict(inside.named_buffers(remove_duplicate=False)))
