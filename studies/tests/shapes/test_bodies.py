"""Both ways to draw a body put the colours where the values are."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from specxai_studies.shapes.body import View, draw_body
from specxai_studies.shapes.shaded_body import render_body

# A square sheet in the plane x = 0, seen from the front; y to the right.
POINTS = torch.tensor([[0.0, y, z] for z in (0, 1, 2) for y in (-1, 0, 1)])
FACES = torch.tensor(
    [corners for a in (0, 1, 3, 4) for corners in ([a, a + 1, a + 3], [a + 1, a + 4, a + 3])]
)
FRONT = View("front", 0.0, 0.0)


def by_matplotlib(values):
    figure = Figure(figsize=(3, 3))
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot(projection="3d")
    thick = POINTS + torch.tensor([0.001, 0, 0]) * torch.arange(9)[:, None]
    draw_body(axes, thick, FACES, values, 1.0, FRONT)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def by_pyvista(values):
    pytest.importorskip("pyvista")
    return render_body(POINTS, FACES, values, 1.0, FRONT, (200, 200))


@pytest.mark.parametrize("draw", [by_matplotlib, by_pyvista])
def test_negative_is_blue_and_positive_red_on_their_sides(draw):
    picture = draw(POINTS[:, 1]).astype(float)
    redness = picture[..., 0] - picture[..., 2]
    columns = np.flatnonzero(np.abs(redness).max(0) > 30)
    middle = (columns[0] + columns[-1]) // 2
    assert redness[:, columns[0] : middle].sum() < 0 < redness[:, middle : columns[-1]].sum()
    total = np.abs(redness).sum()
    assert redness[:, :middle].clip(min=0).sum() < 0.05 * total
    assert (-redness[:, middle + 1 :]).clip(min=0).sum() < 0.05 * total


@pytest.mark.parametrize("draw", [by_matplotlib, by_pyvista])
def test_zero_is_without_colour(draw):
    picture = draw(torch.zeros(9)).astype(int)
    assert np.ptp(picture, axis=-1).max() < 40


_RENDER_FIRST = """
import torch
from specxai_studies.shapes.body import View
from specxai_studies.shapes.shaded_body import render_body
points, faces = torch.eye(3), torch.tensor([[0, 1, 2]])
render_body(points, faces, torch.ones(3), 1.0, View("", 20, 30), (50, 50))
import torch._dynamo
"""


@pytest.mark.slow
def test_torch_loads_its_compiler_after_a_rendering():
    """Both bring an LLVM; in the wrong order this process would die."""
    pytest.importorskip("pyvista")
    done = subprocess.run([sys.executable, "-c", _RENDER_FIRST], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
