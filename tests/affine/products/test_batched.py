"""Products of many points at once, against each point alone."""

import torch

from specxai.affine.products.batched import BatchedJacobian

WEIGHT = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).double()
X = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).double()


def function(x):
    return (x @ WEIGHT.T).tanh() * x.sum(1, keepdim=True)


def test_each_row_has_the_jacobian_of_its_point():
    batch = BatchedJacobian(function, X)
    assert batch.shape == (4, 3)
    v = torch.randn(5, 3, generator=torch.Generator().manual_seed(2)).double()
    w = torch.randn(5, 4, generator=torch.Generator().manual_seed(3)).double()
    pushed, pulled = batch.push(v), batch.pull(w)
    for k in range(5):
        dense = torch.autograd.functional.jacobian(lambda x: function(x[None])[0], X[k])
        torch.testing.assert_close(pushed[k], dense @ v[k])
        torch.testing.assert_close(pulled[k], dense.T @ w[k])
    assert not batch.mixes


def test_a_product_without_a_linear_part_is_taken_backwards():
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(context, gradient):
            (x,) = context.saved_tensors
            return gradient * 3 * x**2

    batch = BatchedJacobian(Own.apply, X)
    torch.testing.assert_close(batch.push(torch.ones_like(X)), 3 * X**2)


def test_samples_that_disturb_each_other_are_seen():
    assert BatchedJacobian(lambda x: x - x.mean(0), X).mixes
