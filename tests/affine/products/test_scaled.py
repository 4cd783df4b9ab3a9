"""J diag(s), product by product."""

import pytest
import torch
from torch import nn

from specxai.affine.averaged import MeanJacobian
from specxai.affine.products.jacobian import Jacobian
from specxai.affine.products.scaled import ScaledJacobian


@pytest.fixture
def parts() -> tuple[ScaledJacobian, torch.Tensor]:
    torch.manual_seed(0)
    x, s = torch.randn(1, 2, 3).double(), torch.rand(1, 2, 3).double() + 0.1
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU()).double()
    own = Jacobian(net, x, displacement=x - 1)
    matrix = torch.autograd.functional.jacobian(net, x).reshape(5, 6)
    return ScaledJacobian(own, s), matrix * s.flatten()


def test_all_products_are_those_of_the_dense_matrix(
    parts: tuple[ScaledJacobian, torch.Tensor],
) -> None:
    right, R = parts
    eye = torch.eye(6).double()
    assert torch.allclose(right.matmat(eye), R)
    assert torch.allclose(right.rmatmat(eye[:5, :5]), R.T)
    assert torch.allclose(right.rows(torch.tensor([3, 0])), R[[3, 0]])
    assert torch.allclose(torch.cat(list(right.pushed(iter(eye.split(2))))), R.T)
    assert torch.allclose(right.in_blocks_of(1).matmat(eye), R)
    assert torch.allclose(right.afresh().matmat(eye), R)
    assert right.active.equal(R.any(1))
    assert torch.allclose(right.image, R @ right.displacement.flatten())
    assert torch.allclose(right.displacement, (right.x - 1) / right.scale)
    assert right.products.pulled > 0


def test_the_least_change_of_a_mean_is_least_in_units_of_the_scale() -> None:
    torch.manual_seed(1)
    x, s = torch.randn(1, 3).double(), torch.tensor([[1.0, 10.0, 0.1]]).double()
    weights = [torch.randn(2, 3).double() for _ in range(2)]
    change = torch.randn(2).double()

    def mean(factor: float) -> torch.Tensor:
        """The completed mean where the first value is counted in another unit."""
        unit = torch.tensor([factor, 1.0, 1.0]).double()
        jacobians = [Jacobian(lambda v, w=w: v @ (w / unit).T, x * unit) for w in weights]
        values = jacobians[0].value
        completed = MeanJacobian(jacobians, x * unit, values, x * unit, change, s * unit)
        assert torch.allclose(completed.push(x * unit)[0], change)
        return completed.matmat(torch.eye(3).double()) * unit

    assert torch.allclose(mean(1.0), mean(1000.0))
    d = x[0] / s[0]
    R = torch.stack(weights).mean(0)
    scaled = R * s[0] + torch.outer(change - R @ x[0], d) / d.square().sum()
    assert torch.allclose(mean(1.0) * s[0], scaled)
