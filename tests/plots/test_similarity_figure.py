"""The matrix of a similarity: its order, its frames and its names."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from drawn import check_words
from specxai import Similarity
from specxai.plots import similarity_figure


def build(count: int) -> Similarity:
    """Return two groups that take turns, and one result of its own."""
    members = np.arange(count) % 2
    matrix = np.where(members[:, None] == members, 0.9, -0.1)
    matrix[-1] = matrix[:, -1] = 0
    np.fill_diagonal(matrix, 1)
    order = [*range(0, count - 1, 2), count - 1, *range(1, count - 1, 2)]
    groups = (tuple(range(0, count - 1, 2)), (count - 1,), tuple(range(1, count - 1, 2)))
    return Similarity(
        names=tuple(f"folder/result {k}" for k in range(count)),
        k=1,
        by="contribution",
        absolute=False,
        matrix=torch.from_numpy(matrix),
        signs=torch.ones(count).double(),
        order=torch.tensor(order),
        groups=groups,
        threshold=0.5,
    )


def frames(figure: Figure) -> list[tuple[float, float]]:
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    return [(patch.get_x(), patch.get_width()) for patch in patches]


def test_rows_follow_the_clustering_and_carry_their_names() -> None:
    found = build(9)
    figure = similarity_figure(found, "A title")
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), found.ordered)
    assert image.get_clim() == (-1, 1)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [f"folder/result {k}" for k in found.order.tolist()]


def test_groups_of_two_or_more_have_frames() -> None:
    assert frames(similarity_figure(build(9))) == [(-0.5, 4), (4.5, 4)]


@pytest.mark.parametrize("count", [3, 30, 100])
def test_words_can_be_read(count: int) -> None:
    check_words(similarity_figure(build(count)))
