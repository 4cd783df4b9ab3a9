"""The address of a layer from the module itself."""

from collections.abc import Sequence

from torch import nn

from specxai.affine.tracing.network import parse_address
from specxai.affine.tracing.recorder import Layer
from specxai.errors import LayerError


def address_of(module: nn.Module, model: nn.Module, layers: Sequence[Layer]) -> str:
    """Return the address of the only call of a module.

    Args:
        module: one of the model's, by identity: an equal copy is another one.
        model: the network.
        layers: the calls of its modules.

    Raises:
        LayerError: the module is not in the model, is the model, is never called, or several times.

    >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    >>> address_of(net[1], net, [Layer("0", "Linear", (1, 2), True, True),
    ...                          Layer("1", "ReLU", (1, 2), True, True)])
    '1'
    """
    kind = type(module).__name__
    if module is model:
        raise LayerError("the layer is the model itself: give a module inside it, or layer=None")
    paths = {path for path, one in model.named_modules(remove_duplicate=False) if one is module}
    if not paths:
        raise LayerError(
            f"the layer, a {kind}, is no module of this {type(model).__name__}: give one of its "
            "own, or an address such as 'features.3'"
        )
    calls = [each.address for each in layers if parse_address(each.address)[0] in paths]
    if not calls:
        raise LayerError(f"the layer {min(paths)!r}, a {kind}, is not called: give another")
    if len(calls) > 1:
        listed = ", ".join(map(repr, calls[:6])) + (" …" if len(calls) > 6 else "")
        raise LayerError(f"the layer, a {kind}, is called {len(calls)} times: choose of {listed}")
    return calls[0]
