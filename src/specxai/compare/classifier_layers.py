"""Where in an image classifier the methods look: the last convolution and what follows it."""

from specxai.affine import Layer, Linearization
from specxai.affine.layers import bent_layers, cut_layers, module_path
from specxai.errors import LayerError


def last_convolution(lin: Linearization) -> str:
    """Return the address of the last activation or pooling that still has a picture's two sides.

    Args:
        lin: the network at an image.

    Returns:
        The address; empty if no such layer lies on all paths from input to output.
    """
    return "".join(last_convolutions(lin, 1))


def last_convolutions(lin: Linearization, count: int) -> tuple[str, ...]:
    """Return the addresses of the last activations or poolings with a picture's two sides.

    Args:
        lin: the network at an image.
        count: how many; there may be fewer.
    """
    return tuple(layer.address for layer in bent_layers(lin, _maps(lin))[-count:])


def last_map(lin: Linearization) -> str:
    """Return the path of the last module, called once, whose output has a picture's two sides.

    Grad-CAM by hooks needs a module that is not called again. Empty if there is none.
    """
    return _last(
        [layer for layer in _maps(lin) if f"{module_path(layer)}#2" not in _addresses(lin)]
    )


def penultimate(lin: Linearization) -> str:
    """Return the address of the last layer before the output whose units are all of the picture.

    Empty if no such layer lies on all paths from input to output.
    """
    before = [layer for layer in cut_layers(lin) if layer.shape != lin.output.shape]
    vectors = [layer for layer in before if layer not in _maps(lin)]
    return _last(bent_layers(lin, vectors) or before)


def default_layers(lin: Linearization) -> tuple[str, ...]:
    """Return where our components are taken: at the last convolution and before the output.

    Raises:
        LayerError: no layer lies on all paths from input to output.
    """
    addresses = tuple(filter(None, dict.fromkeys((last_convolution(lin), penultimate(lin)))))
    if not addresses:
        raise LayerError(
            "no layer lies on all paths from input to output: name layers with --layers, as "
            "'specxai layers' lists them"
        )
    return addresses


def _maps(lin: Linearization) -> list[Layer]:
    return [
        layer
        for layer in cut_layers(lin)
        if layer.shape and len(layer.shape) == 4 and layer.shape[2] * layer.shape[3] > 1
    ]


def _addresses(lin: Linearization) -> set[str]:
    return {layer.address for layer in lin.layers}


def _last(layers: list[Layer]) -> str:
    return layers[-1].address if layers else ""
