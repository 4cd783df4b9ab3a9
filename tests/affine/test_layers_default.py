"""Where a network is split when nobody says where."""

import pytest
import torch
from torch import nn

from specxai import explain
from specxai.affine import default_layer, linearize

CNN = nn.Sequential(
    nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
    nn.Flatten(), nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2),
)  # fmt: skip
MLP = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1))
LINE = nn.Sequential(nn.Conv1d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 4))
ONE = nn.Sequential(nn.Linear(6, 2))


class Around(nn.Module):
    """Nothing before the output is on all paths."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 2), nn.Linear(6, 2)

    def forward(self, x):
        return self.a(x) + self.b(x).relu()


@pytest.mark.parametrize(
    ("model", "shape", "layer"),
    [
        (CNN, (1, 3, 8, 8), "3"),
        (MLP, (1, 6), "3"),
        (LINE, (1, 2, 8), "1"),
        (ONE, (1, 6), None),
        (Around(), (1, 6), None),
    ],
)
def test_the_last_with_positions_else_the_last_before_the_output(model, shape, layer):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    lin = linearize(model.eval(), x)
    assert default_layer(lin) == layer
    assert explain(model, x, layer="auto", target=0).layer == layer
