"""Points and meshes, coloured by what they contribute."""

import io

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Path3DCollection, Poly3DCollection
from torch import nn

import specxai
from specxai.errors import InvalidInputError
from specxai.plots import points_figure
from specxai.plots.points import is_cloud
from specxai.plots.style import SIGNED

FACES = torch.tensor([[0, 1, 2], [1, 2, 3], [5, 8, 9]])


@pytest.fixture
def cloud() -> specxai.Explanation:
    net = nn.Sequential(nn.Flatten(), nn.Linear(30, 6), nn.Tanh(), nn.Linear(6, 2)).eval()
    torch.manual_seed(1)
    return specxai.explain(net, torch.randn(1, 10, 3), "2", 1, baseline="zero")


def words(figure: Figure) -> str:
    found = [text.get_text() for part in figure.subfigs for text in part.texts]
    return "\n".join(found)


def views(figure: Figure) -> list:
    return [axes for axes in figure.subfigs[1].axes if axes.name == "3d"]


def test_rows_are_all_together_and_the_leading_components(cloud: specxai.Explanation) -> None:
    figure = points_figure(cloud, top=2, title="a body")
    assert len(views(figure)) == 9
    said = words(figure)
    first, second = cloud.top(2).tolist()
    for part in ("a body", "all together", f"component {first}", f"component {second}",
                 "from the front (x →, z ↑)", "red adds, blue takes away", "(zero)"):  # fmt: skip
        assert part in said
    share = 100 * float(cloud.contributions[first] / cloud.linear)
    assert f"({share:.0f} %)" in said


def test_colours_are_those_of_the_contributions(cloud: specxai.Explanation) -> None:
    figure = points_figure(cloud, top=1)
    maps = torch.stack([cloud.total_map(dim=2), cloud.contribution_maps(cloud.top(1), dim=2)[0]])
    limit = np.percentile(maps.abs(), 99)
    expected = SIGNED((maps.numpy() / limit + 1) / 2)
    figure.canvas.draw()  # sorts the points from the back to the front
    for number, axes in enumerate(views(figure)):
        (points,) = (each for each in axes.collections if isinstance(each, Path3DCollection))
        found = points.get_facecolor()
        assert found.shape == (10, 4)
        assert np.allclose(np.sort(found, 0), np.sort(expected[number // 3], 0), atol=1e-6)


def test_faces_have_the_mean_of_their_corners_and_shade(cloud: specxai.Explanation) -> None:
    figure = points_figure(cloud, FACES, top=1)
    (mesh,) = (each for each in views(figure)[0].collections if isinstance(each, Poly3DCollection))
    assert len(mesh.get_facecolor()) == len(FACES)
    assert "mean of its corners" in words(figure)
    assert "mean of its corners" not in words(points_figure(cloud, top=1))


def test_all_outputs_and_stored_results_have_their_components(
    cloud: specxai.Explanation, tmp_path
) -> None:
    cloud.save(tmp_path / "ex.safetensors", cloud.top(2))
    figure = points_figure(specxai.load(tmp_path / "ex.safetensors"), FACES.numpy(), top=2)
    assert len(views(figure)) == 6
    assert "all together" not in words(figure)
    net = nn.Sequential(nn.Flatten(), nn.Linear(30, 6)).eval()
    whole = specxai.explain(net, cloud.x)
    assert len(views(points_figure(whole, top=2))) == 6
    assert "%)" not in words(points_figure(whole, top=2))


def test_a_flat_body_and_points_that_contribute_nothing_are_drawn() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).eval()
    x = torch.randn(1, 4, 3)
    x[..., 2] = 1
    flat = specxai.explain(net, x, "1", 0)
    points_figure(flat).savefig(io.BytesIO())
    x[0, 1:] = x[0, :1]
    points_figure(specxai.explain(net, x, "1", 0)).savefig(io.BytesIO())


@pytest.mark.parametrize("options", [{"top": 0}, {"faces": FACES + 1}, {"faces": FACES - 1}])
def test_what_cannot_be_drawn_is_refused(cloud: specxai.Explanation, options: dict) -> None:
    with pytest.raises(InvalidInputError):
        points_figure(cloud, **options)


@pytest.mark.parametrize(
    ("shape", "is_one"),
    [((1, 10, 3), True), ((1, 3, 3), False), ((1, 3, 10), False), ((1, 10), False)],
)
def test_what_is_a_cloud(shape: tuple[int, ...], is_one: bool) -> None:
    assert is_cloud(torch.zeros(shape)) is is_one


def test_other_inputs_are_refused(vector_explanation: specxai.Explanation) -> None:
    with pytest.raises(InvalidInputError, match=r"\(1, points, 3\)"):
        points_figure(vector_explanation)
