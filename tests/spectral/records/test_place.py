"""Places in words: a blob in each third, bands, both signs, and what has no place."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from specxai.errors import InvalidInputError
from specxai.spectral.records.place import place_of

PLACES = [
    ["upper left", "top", "upper right"],
    ["left", "centre", "right"],
    ["lower left", "bottom", "lower right"],
]


def blob(row: float, column: float, shape: tuple[int, int] = (36, 48)) -> torch.Tensor:
    """A Gaussian at a place, in units of the sides, with sum 1."""
    rows, columns = (torch.linspace(0, 1, size, dtype=torch.float64) for size in shape)
    values = torch.exp(
        -((rows[:, None] - row) ** 2 + (columns[None] - column) ** 2) / (2 * 0.08**2)
    )
    return values / values.sum()


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_blob_has_the_name_of_its_third(row: int, column: int, sign: float) -> None:
    here = blob((row + 0.5) / 3, (column + 0.5) / 3)
    assert place_of(sign * here) == PLACES[row][column]


def test_a_weak_background_and_the_other_sign_do_not_move_it() -> None:
    even = torch.full((36, 48), 1 / (36 * 48), dtype=torch.float64)
    assert place_of(blob(0.15, 0.85) + 0.8 * even) == "upper right"
    assert place_of(blob(0.15, 0.85) - 0.9 * blob(0.85, 0.15)) == "upper right"


@pytest.mark.parametrize(
    ("places", "name"),
    [
        ([(0.5, 0.15), (0.5, 0.85)], "across the middle"),
        ([(0.1, 0.2), (0.1, 0.8)], "along the top"),
        ([(0.9, 0.2), (0.9, 0.8)], "along the bottom"),
        ([(0.2, 0.1), (0.8, 0.1)], "along the left"),
        ([(0.2, 0.9), (0.8, 0.9)], "along the right"),
        ([(0.2, 0.5), (0.8, 0.5)], "down the middle"),
        ([(0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8)], "all over the picture"),
    ],
)
def test_what_is_in_several_thirds_is_at_no_one_place(
    places: list[tuple[float, float]], name: str
) -> None:
    assert place_of(torch.stack([blob(*place) for place in places]).sum(0)) == name


def test_noise_is_all_over_the_picture() -> None:
    noise = torch.randn(40, 40, generator=torch.Generator().manual_seed(0))
    assert place_of(noise) == "all over the picture"


def test_a_single_point_is_the_whole_picture() -> None:
    assert place_of(torch.ones(1, 1)) == "all over the picture"
    assert place_of(torch.zeros(4, 4)) == "nowhere"


@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(1e-6, 1e6))
def test_neither_scale_nor_reflection_matters(row: float, column: float, scale: float) -> None:
    here = blob(row, column)
    assert place_of(here * scale) == place_of(here)
    assert place_of(here.flip(1)) == place_of(here).replace("left", "?").replace(
        "right", "left"
    ).replace("?", "right")


@pytest.mark.parametrize("values", [torch.zeros(0, 3), torch.tensor([[1.0, float("nan")]])])
def test_refuses_what_is_no_map(values: torch.Tensor) -> None:
    with pytest.raises(InvalidInputError, match="finite"):
        place_of(values)
