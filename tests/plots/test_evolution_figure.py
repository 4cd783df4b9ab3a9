"""The page of an evolution: its panels, its curves and bounds, and that nothing collides."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

import specxai
from drawn import check_words, drawn_texts
from specxai import Evolution
from specxai.errors import InvalidInputError
from specxai.plots import evolution_figure


def follow(kind: str, **options: object) -> Evolution:
    bodies: dict[str, tuple[list[nn.Module], tuple[int, ...]]] = {
        "image": ([nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten()], (12, 16)),
        "sequence": ([nn.Conv1d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten()], (20,)),
        "points": ([nn.Linear(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(20, 16)], (3,)),
    }
    body, shape = bodies[kind]
    model = nn.Sequential(*body, nn.Linear(16, 5)).eval()
    channels = 5 if kind == "points" else 3
    x = torch.randn(1, channels, *shape, generator=torch.Generator().manual_seed(1))
    return specxai.evolve(model, x, ["0", "1", "2"], **options)


def deep(depth: int) -> Evolution:
    torch.manual_seed(2)
    blocks = [nn.Sequential(nn.Linear(6, 6), nn.LeakyReLU()) for _ in range(depth)]
    model = nn.Sequential(*blocks, nn.Linear(6, 2)).eval()
    return specxai.evolve(model, torch.randn(1, 6), [f"{k}.1" for k in range(depth)])


def charts(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title("left"): axes for axes in figure.axes}


@pytest.mark.parametrize("kind", ["image", "sequence", "points"])
def test_words_can_be_read(kind: str) -> None:
    check_words(evolution_figure(follow(kind)))


@pytest.mark.parametrize("depth", [1, 4, 7])
def test_each_layer_has_its_panels_in_as_many_rows_as_it_takes(depth: int) -> None:
    figure = evolution_figure(deep(depth))
    titles = [axes.get_title("left") for axes in figure.axes if axes.axison]
    assert [title.split("\n")[0] for title in titles if "k = " in title] == [
        f"{k + 1}.  {k}.1" for k in range(depth)
    ]
    assert titles.count("Singular values") == titles.count("Contributions") == depth
    check_words(figure)


def test_curves_are_the_numbers_of_the_layers() -> None:
    evolution = follow("image")
    figure = charts(evolution_figure(evolution))
    share = figure["Share of the first"].lines[0].get_ydata()
    assert share.tolist() == [layer.energy_share for layer in evolution.layers]
    rank = figure["Components that matter"].lines[0].get_ydata()
    assert rank.tolist() == [layer.effective_rank for layer in evolution.layers]
    cosines, angles = figure["Each layer and the next"].lines
    assert list(cosines.get_ydata()) == [alignment.cosine for alignment in evolution.alignments]
    assert cosines.get_xdata().tolist() == [1.5, 2.5]
    expected = torch.cat([alignment.angles for alignment in evolution.alignments]).cos()
    np.testing.assert_allclose(angles.get_ydata(), expected)


def test_bounds_are_hollow_triangles_off_the_line() -> None:
    evolution = follow("image", method=specxai.Krylov(3))
    figure = evolution_figure(evolution)
    line, bounds = charts(figure)["Share of the first"].lines[:2]
    assert np.isnan(line.get_ydata()).all()
    assert bounds.get_ydata().tolist() == [layer.energy_share for layer in evolution.layers]
    assert (bounds.get_marker(), bounds.get_markerfacecolor()) == ("v", "white")
    assert charts(figure)["Components that matter"].lines[1].get_marker() == "^"
    assert "Hollow triangles" in "".join(text.get_text() for text in drawn_texts(figure))


def test_shows_the_picture_and_the_title() -> None:
    picture = Image.new("RGB", (30, 20), "red")
    figure = evolution_figure(follow("image"), picture, "A title")
    words = [text.get_text() for text in drawn_texts(figure)]
    assert "A title" in words
    assert "picture\n30 × 20" in words


def test_says_which_layers_are_no_cut() -> None:
    evolution = deep(2)
    layers = (evolution.layers[0], replace(evolution.layers[1], cut=False))
    figure = evolution_figure(replace(evolution, layers=layers))
    assert "around the layer: 2." in "".join(text.get_text() for text in drawn_texts(figure))


def test_no_layer_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="no layer"):
        evolution_figure(replace(deep(1), layers=(), alignments=()))
