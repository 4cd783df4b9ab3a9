"""The auto-encoder and the downstream network of the paper's engineering studies (2.2)."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai_studies.shapes.coordinates import Coordinates

ENCODER = (256, 128)
LATENT = 32
DOWNSTREAM = (64, 64)


class Autoencoder(nn.Sequential):
    """Encoder and decoder, one after the other."""

    encoder: nn.Sequential
    decoder: nn.Sequential


class Predictor(nn.Sequential):
    """Encoder and downstream network, one after the other."""

    encoder: nn.Sequential
    downstream: nn.Sequential


def dense(widths: Sequence[int]) -> nn.Sequential:
    """Return affine layers of these widths with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def build_autoencoder(values: int, seed: int) -> Autoencoder:
    """Return an untrained auto-encoder of so many values, with seeded weights."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        encoder = dense((values, *ENCODER, LATENT))
        decoder = dense((LATENT, *reversed(ENCODER), values))
    return Autoencoder(OrderedDict(encoder=encoder, decoder=decoder))


def widen(reduced: Autoencoder, coordinates: Coordinates) -> Autoencoder:
    """Return the auto-encoder of all coordinates that an auto-encoder of modes stands for.

    Its first weights are A Vᵀ and its last ones V B, with the rows of Vᵀ the modes. A layer of all
    coordinates, trained on shapes that vary in these modes only, would have the same: the gradient
    of its weights lies in their span.

    Args:
        reduced: as `build_autoencoder` makes it.
        coordinates: whose modes it was trained on.

    Returns:
        A network from (1, points, 3) to the same, in scaled coordinates.
    """
    modes = coordinates.modes
    first, last = linear(reduced.encoder, 0), linear(reduced.decoder, -1)
    encoder = nn.Sequential(
        _linear(first.weight @ modes / coordinates.size, first.bias), *reduced.encoder[1:]
    )
    basis = modes.T * coordinates.size
    decoder = nn.Sequential(*reduced.decoder[:-1], _linear(basis @ last.weight, basis @ last.bias))
    shape = nn.Unflatten(1, tuple(coordinates.mean.shape))
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        flatten=nn.Flatten(), encoder=encoder, decoder=decoder, shape=shape
    )
    return Autoencoder(parts).eval().requires_grad_(False)


def join(encoder: nn.Sequential, downstream: nn.Sequential) -> Predictor:
    """Return encoder and downstream network as one: scaled coordinates to the predicted number."""
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        flatten=nn.Flatten(), encoder=encoder, downstream=downstream
    )
    return Predictor(parts).eval().requires_grad_(False)


def linear(layers: nn.Sequential, position: int) -> nn.Linear:
    """Return the affine layer at a position."""
    layer = layers[position]
    assert isinstance(layer, nn.Linear)
    return layer


def _linear(weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"]) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer
