import pytest
import torch
import zoo
from reference import dense

from specxai.affine import linearize, pushforward


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize("push", [pushforward.vectorized, pushforward.transposed])
def test_tangents_against_the_dense_jacobian(name, push):
    net = zoo.build(name)
    R = linearize(net.model, net.x).right(net.layer)
    V = torch.randn(3, R.shape[1], generator=torch.Generator().manual_seed(0)).double()
    truth = V @ torch.tensor(dense(net.model, net.x, net.layer).R).T
    found = push(R.function, net.x, V)
    assert not found.requires_grad
    torch.testing.assert_close(found.reshape(3, -1), truth)


def test_an_operation_without_forward_mode_is_pushed_all_the_same():
    class OnlyBackward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, grad):
            return 3 * grad

    from specxai.affine import Jacobian

    J = Jacobian(OnlyBackward.apply, torch.ones(1, 4))
    V = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(J.matmat(V), 3 * V)
    torch.testing.assert_close(J.rmatmat(V), 3 * V)
    torch.testing.assert_close(J.rows(torch.arange(4)), 3 * torch.eye(4))
