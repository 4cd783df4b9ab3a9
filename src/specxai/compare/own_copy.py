"""A copy of a network for the packages that write into its modules."""

from copy import deepcopy

from torch import nn


def own_copy(model: nn.Module) -> nn.Module:
    """Copy a network, with modules that leave their input as it was: rules read it later."""
    copied = deepcopy(model)
    for module in copied.modules():
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010, not known to every module
    return copied
