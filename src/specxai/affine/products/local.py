"""One operation call as a function of the tensors that depend on the input, and its derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from specxai.affine.products.pushforward import forward_mode
from specxai.affine.tracing.faults import final
from specxai.affine.tracing.interpreter import Call
from specxai.affine.tracing.operations import depends, numbers, tensors_in, transformed
from specxai.affine.tracing.rules import Rule
from specxai.errors import UnsupportedOperationError

Tensors = tuple[Tensor, ...]

# A product by rows takes a backward pass for each value of the result.
_MOST_ROWS = 4096


@dataclass(frozen=True, eq=False)
class LocalFunction:
    """What one call computes from the tensors that depend on the input.

    Attributes:
        call: the call.
        rule: the rule that it is made by, if it has one.
        inputs: the tensors that depend on the input, detached.
    """

    call: Call
    rule: Rule | None
    inputs: Tensors

    def __call__(self, *values: Tensor) -> Tensors:
        """Make the call with other values of its inputs; nothing given is written into."""
        again = self.call.with_followed(values)
        return tuple(numbers(again.written(again.perform(self.rule))))

    def push(self, tangents: Tensors) -> Tensors:
        """Return the product of the derivative with tangents, by the first way that there is."""
        for way in (self.push_forward, self._push_transposed):
            try:
                return way(tangents)
            except Exception as fault:  # a formula is missing
                if final(fault):
                    raise
        return self._push_by_rows(tangents)

    def push_forward(self, tangents: Tensors) -> Tensors:
        """Return the product by forward mode."""
        with torch.no_grad(), forward_mode():
            return tuple(torch.func.jvp(self, self.inputs, tangents)[1])

    def pull(self, cotangents: Sequence[Tensor | None]) -> Tensors:
        """Return the product of the transposed derivative with cotangents; None stands for zero."""
        outputs, leaves = self._run()
        return _gradients(outputs, leaves, cotangents)

    def _run(self) -> tuple[Tensors, Tensors]:
        with torch.enable_grad():
            leaves = tuple(value.clone().requires_grad_() for value in self.inputs)
            return self(*leaves), leaves

    def _push_transposed(self, tangents: Tensors) -> Tensors:
        with torch.enable_grad(), forward_mode():
            return tuple(torch.autograd.functional.jvp(self, self.inputs, tangents)[1])

    def _push_by_rows(self, tangents: Tensors) -> Tensors:
        outputs, leaves = self._run()
        if sum(output.numel() for output in outputs) > _MOST_ROWS:
            raise UnsupportedOperationError(
                f"{self.call.address} has neither a forward-mode nor a second derivative, and too "
                "many values to take one by one: split at a layer behind it"
            )
        products = [output.detach().new_zeros(output.shape) for output in outputs]
        for k, product in enumerate(products):
            for position in range(product.numel()):
                unit = torch.zeros_like(product)
                unit.view(-1)[position] = 1
                row = _gradients(outputs, leaves, [*[None] * k, unit])
                product.view(-1)[position] = sum(
                    (g * t).sum() for g, t in zip(row, tangents, strict=True)
                )
        return tuple(products)


def local_function(call: Call, rule: Rule | None) -> LocalFunction | None:
    """Return a call as a function of its own; None where it depends on more than its arguments."""
    arguments = (call.args, call.kwargs)
    if not depends(*arguments) or transformed(*arguments) or call.address.operation == "grad":
        return None
    inputs = tuple(t.detach() for t in tensors_in(*arguments) if t.requires_grad)
    return LocalFunction(call, rule, inputs)


def _gradients(outputs: Tensors, leaves: Tensors, cotangents: Sequence[Tensor | None]) -> Tensors:
    used = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=False)
        if cotangent is not None and output.requires_grad
    ]
    if not used:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    gradients = torch.autograd.grad(
        [output for output, _ in used],
        leaves,
        [cotangent for _, cotangent in used],
        retain_graph=True,
        allow_unused=True,
    )
    return tuple(
        torch.zeros_like(leaf) if gradient is None else gradient
        for leaf, gradient in zip(leaves, gradients, strict=True)
    )
