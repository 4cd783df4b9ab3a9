"""Cosines and principal angles, against SciPy and by what they must not depend on."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles

from specxai.survey.alignment import align, principal_angles

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(4, 9))


def orthonormal(count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    random = torch.randn(size, count, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(random).Q.T


def pair(sizes: tuple[int, int, int], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return orthonormal(sizes[0], sizes[2], generator), orthonormal(sizes[1], sizes[2], generator)


@given(SIZES, st.integers(0, 1000))
@settings(deadline=None, max_examples=50)
def test_against_scipy(sizes: tuple[int, int, int], seed: int) -> None:
    one, other = pair(sizes, seed)
    expected = np.sort(subspace_angles(one.T.numpy(), other.T.numpy()))
    # SciPy itself gives 4e-8 for spans that meet.
    np.testing.assert_allclose(align(one, other).angles, expected, atol=1e-7)
    assert align(one, other).cosine == pytest.approx(abs(float(one[0] @ other[0])), abs=1e-14)


@given(SIZES, st.integers(0, 1000))
@settings(deadline=None, max_examples=50)
def test_neither_bases_nor_signs_nor_the_order_matter(
    sizes: tuple[int, int, int], seed: int
) -> None:
    one, other = pair(sizes, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    turned = orthonormal(len(one), len(one), generator) @ one
    space = orthonormal(sizes[2], sizes[2], generator)
    expected = principal_angles(one, other)
    for first, second in (
        (turned, other),
        (-one, other),
        (other, one),
        (one @ space, other @ space),
    ):
        torch.testing.assert_close(principal_angles(first, second), expected, rtol=0, atol=1e-10)
    assert align(-one, other).cosine == align(one, other).cosine


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 0.7, np.pi / 2 - 1e-9, np.pi / 2])
def test_small_and_large_angles_keep_their_digits(angle: float) -> None:
    one = torch.eye(4)[:2].double()
    other = torch.tensor([[np.cos(angle), 0, np.sin(angle), 0], [0, 1, 0, 0]])
    angles = principal_angles(one, other)
    assert angles.tolist() == pytest.approx([0, angle], rel=1e-6, abs=1e-15)
