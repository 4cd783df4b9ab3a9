"""Products with the Jacobians of one function at many points, one vector for each of them."""

from collections.abc import Callable
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import grad

from specxai.affine.products import pullback, pushforward
from specxai.affine.products.numerics import full_precision
from specxai.affine.tracing.faults import final


class BatchedJacobian:
    """J_i v_i and J_iᵀ w_i at n points x_i, all in one pass: right where samples never mix.

    Args:
        function: maps a batch of inputs to a batch of outputs.
        x: the points, shape (n, *input).

    Attributes:
        value: the function's values, shape (n, *output).

    >>> J = BatchedJacobian(lambda x: x.square(), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> J.pull(torch.ones(2, 2))
    tensor([[2., 4.],
            [6., 8.]])
    """

    @full_precision()
    def __init__(self, function: Callable[[Tensor], Tensor], x: Float[Tensor, "n ..."]) -> None:
        self.function = function
        self.x = x.detach()
        self._leaf, self._output = pullback.run(function, self.x)
        self.value: Tensor = self._output.detach()
        self.shape = (self.value[0].numel(), self.x[0].numel())

    @full_precision()
    def pull(self, cotangents: Float[Tensor, "n m"]) -> Float[Tensor, "n M"]:
        """Return J_iᵀ w_i for the rows w_i: one backward pass."""
        shaped = cotangents.to(self._output).reshape(self._output.shape)
        (pulled,) = grad(self._output, self._leaf, shaped, retain_graph=True)
        return pulled.reshape(len(pulled), -1)

    @full_precision()
    def push(self, tangents: Float[Tensor, "n M"]) -> Float[Tensor, "n m"]:
        """Return J_i v_i for the rows v_i: one forward pass, or two backward ones."""
        given = tangents.to(self.x)
        try:
            products = self._tape(given)
        except Exception as fault:  # a call is not seen, or has no linear part
            if final(fault):
                raise
            products = self._transposed(given)
        return products.reshape(len(self.x), -1)

    @cached_property
    def _tape(self) -> pushforward.Pushforward:
        return pushforward.taped(self.function, self.x, len(self.x))

    @cached_property
    def _transposed(self) -> pushforward.Pushforward:
        return pushforward.transposed(self.function, self.x)

    @cached_property
    def mixes(self) -> bool:
        """Whether the samples of the batch disturb each other, by a test.

        A random cotangent on the last sample must give exactly nothing on all others.
        """
        generator = torch.Generator().manual_seed(0)
        cotangents = torch.zeros(len(self.x), self.shape[0], dtype=self.x.dtype)
        cotangents[-1] = torch.randn(self.shape[0], generator=generator, dtype=self.x.dtype)
        return bool(self.pull(cotangents.to(self.x.device))[:-1].any())
