"""Which layers show how a network changes its mind with depth."""

from specxai.affine import Linearization
from specxai.affine.layers import bent_layers, cut_layers
from specxai.errors import LayerError


def choose_layers(lin: Linearization, most: int = 8) -> tuple[str, ...]:
    """Choose layers to follow a network by: spread evenly from the first to the last.

    The choice is among the calls that all paths cross (16), before the output, of modules that
    themselves call something not affine, such as an activation; of all modules if there is none.

    Args:
        lin: the network as an affine map.
        most: how many layers at most.

    Returns:
        Their addresses, in the order of the calls.

    Raises:
        LayerError: there is no such call.
    """
    cuts = cut_layers(lin)
    while cuts and cuts[-1].shape == lin.output.shape:  # the output itself
        cuts.pop()
    chosen = bent_layers(lin, cuts)
    if not chosen:
        raise LayerError("no layer lies on all paths from input to output: name the layers")
    last, count = len(chosen) - 1, min(most, len(chosen))
    positions = [round(last * k / max(count - 1, 1)) for k in range(count)]
    return tuple(chosen[position].address for position in positions)
