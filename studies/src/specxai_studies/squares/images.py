"""White squares on black, rotated at random about the centre of the image."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

SIDE = 64


def rotated_squares(angles: Float[Tensor, " n"], side: int = SIDE) -> Float[Tensor, "n pixels"]:
    """Draw squares of half the image's side.

    Args:
        angles: rotations in radians.
        side: of the image, in pixels.

    Returns:
        Flattened images, brightness from 0 to 1, float32, shape (n, side²). A pixel on an edge is
        grey, by its distance from the edge.
    """
    coordinates = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    y, x = torch.meshgrid(coordinates, coordinates, indexing="ij")
    cos, sin = angles.double().cos()[:, None, None], angles.double().sin()[:, None, None]
    inside = [
        (side / 4 - along.abs() + 0.5).clamp(0, 1)
        for along in (cos * x + sin * y, cos * y - sin * x)
    ]
    return (inside[0] * inside[1]).flatten(1).float()


def random_squares(count: int, seed: int, side: int = SIDE) -> Float[Tensor, "n pixels"]:
    """Draw squares at random angles, all equally likely.

    Args:
        count: how many.
        seed: of the angles.
        side: of the images, in pixels.
    """
    generator = torch.Generator().manual_seed(seed)
    angles = torch.rand(count, generator=generator, dtype=torch.float64) * math.pi / 2
    return rotated_squares(angles, side)


def edge_zone(image: Float[Tensor, " pixels"], width: int = 3) -> Float[Tensor, " pixels"]:
    """Mark the pixels within a distance of the square's edge.

    Args:
        image: one flattened image.
        width: of the zone on each side, in pixels.

    Returns:
        1 in the zone and 0 elsewhere, shape (pixels,).
    """
    side = math.isqrt(len(image))
    bright = (image.reshape(1, 1, side, side) > 0.5).float()
    reach = torch.nn.MaxPool2d(2 * width + 1, stride=1, padding=width)
    grown, shrunk = reach(bright), 1 - reach(1 - bright)
    zone: Tensor = (grown - shrunk).flatten()
    return zone
