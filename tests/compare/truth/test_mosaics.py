"""Mosaics, and networks whose cells are wired apart."""

import pytest
import torch
from torch import nn

import specxai
from specxai.compare.metrics import mass_inside
from specxai.compare.truth.apart import CellsApart
from specxai.compare.truth.mosaics import draw_groups, mosaic
from specxai.errors import InvalidInputError


def pictures(size: int = 16) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (1, 3, size, size)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(4)]


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 4, stride=4), nn.ReLU()
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5)
    return nn.Sequential(*layers, *head).double().eval()


def test_every_picture_is_in_its_cell():
    small = mosaic([torch.full((1, 3, 8, 8), float(k)) for k in range(9)], range(9), shrink=False)
    assert small.x.shape == (1, 3, 24, 24)
    assert small.side == 3
    for k in range(9):
        assert small.cell(k).sum() == 64
        assert bool((small.x[0, :, small.cell(k)] == k).all())


def test_pictures_that_make_no_mosaic():
    for given, classes in ((pictures()[:3], [0, 1, 2]), (pictures(), [0, 1, 2, 2])):
        with pytest.raises(InvalidInputError, match="n² pictures"):
            mosaic(given, classes)
    with pytest.raises(InvalidInputError, match="differ in size"):
        mosaic([*pictures()[:3], *pictures(8)[:1]], [0, 1, 2, 3])


def test_groups_have_different_classes_and_no_picture_twice():
    classes = [0, 0, 0, 1, 1, 2, 2, 3, 3, 4]
    groups = draw_groups(classes, 2, 5, seed=3)
    assert groups == draw_groups(classes, 2, 5, seed=3)
    assert len(groups) == 2
    for group in groups:
        assert len({classes[k] for k in group}) == 4
    assert len({k for group in groups for k in group}) == 8
    assert draw_groups(classes, 2, 1, seed=3) == groups[:1]


@pytest.mark.parametrize("baseline", [None, "zero"])
def test_no_other_cell_reaches_an_output_that_is_wired_apart(model, baseline):
    given = mosaic(pictures(32), [3, 1, 0, 2])
    net = CellsApart(model, "3", given.targets, "DiFull")
    lin = specxai.linearize(net, given.x, baseline=baseline)
    maps = (lin.rows(range(4)) * lin.displacement).sum(1)
    for k in range(4):
        cell = given.x[0, :, given.cell(k)].reshape(1, 3, 16, 16)
        torch.testing.assert_close(lin.output[0, k], model(cell)[0, given.targets[k]])
        assert not maps[k][~given.cell(k)].any()
        assert mass_inside(maps[k], given.cell(k)) == pytest.approx(1)


def test_the_head_of_a_cell_sees_its_part_of_the_last_map(model):
    given = mosaic(pictures(32), [3, 1, 0, 2])
    net = CellsApart(model, "3", given.targets, "DiPart")
    outputs, last = net(given.x), model[:4](given.x)
    quarters = [last[..., :4, :4], last[..., :4, 4:], last[..., 4:, :4], last[..., 4:, 4:]]
    expected = [model[4:](z)[0, k] for z, k in zip(quarters, given.targets, strict=True)]
    torch.testing.assert_close(outputs[0], torch.stack(expected))
    ex = specxai.explain(net, given.x, layer="grid", target=1, baseline="zero")
    assert abs(float(ex.residual)) < 1e-12
    assert ex.cut
    leading = ex.top(2)
    sums = ex.layer_maps(leading).sum((1, 2))
    torch.testing.assert_close(sums, ex.contributions[leading])
