"""A network whose input goes on in several branches."""

import torch
from torch import Tensor, nn


class Branches(nn.Module):
    """Two branches over one stem; the second goes on in a third, and the input passes them by."""

    def __init__(self, skip: bool = False) -> None:
        super().__init__()
        self.skip = skip
        self.stem, self.a, self.b = nn.Conv1d(2, 3, 3), nn.Conv1d(3, 2, 1), nn.Conv1d(3, 4, 2)
        self.c, self.relu, self.head = nn.Conv1d(4, 2, 2), nn.ReLU(inplace=True), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        z = self.relu(self.stem(x))
        c = self.c(self.relu(self.b(z)))
        a = self.relu(self.a(z))
        flat = torch.cat([a.flatten(1), c.flatten(1)], 1)
        return self.head(flat) + (x.sum((1, 2))[:, None] if self.skip else 0)


def build(skip: bool = False) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(3)
    return Branches(skip).double().eval(), torch.randn(1, 2, 7).double()
