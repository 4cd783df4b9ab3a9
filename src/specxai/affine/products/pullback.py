"""Vector-Jacobian products of one function at one point, many at a time.

Each way to compute them takes the function and the point once and returns a closure that maps a
stack of cotangents (k, *output) to a stack of gradients (k, *input). The autograd graph lives as
long as the closure.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import grad

from specxai.affine.products.folding import FoldedNorms
from specxai.affine.tracing.faults import final

Function = Callable[[Tensor], Tensor]
Pullback = Callable[[Tensor], Tensor]


def replicated(
    function: Function,
    x: Float[Tensor, "1 ..."],
    copies: int,
    layout: torch.memory_format,
    folded: bool = False,
) -> Pullback:
    """Run x as a batch of equal copies and pull one cotangent back through each.

    This is the fastest way, and right only when the function never mixes samples:
    see `mixes_samples`.

    Args:
        function: maps a batch of inputs to a batch of outputs.
        x: the point.
        copies: how many; as many cotangents can be pulled back at a time.
        layout: of the batch in memory.
        folded: run batch norms as one product, see `FoldedNorms`. Faster, but rounded otherwise
            than the forward pass.
    """
    batch, output = run(function, _copies(x, copies, layout), folded)

    return partial(_pull_copies, output, batch)


def _pull_copies(output: Tensor, batch: Tensor, cotangents: Tensor) -> Tensor:
    copies, used = len(batch), len(cotangents)
    padding = cotangents.new_zeros(copies - used, *cotangents.shape[1:])
    full = torch.cat([cotangents, padding]) if used < copies else cotangents
    return grad(output, batch, full.reshape(output.shape), retain_graph=True)[0][:used]


def vectorized(function: Function, x: Float[Tensor, "1 ..."], folded: bool = False) -> Pullback:
    """Run x once and pull all cotangents back together by ``vmap``."""
    leaf, output = run(function, x, folded)

    return partial(_pull_together, output, leaf)


def _pull_together(output: Tensor, leaf: Tensor, cotangents: Tensor) -> Tensor:
    stack = cotangents.reshape(-1, *output.shape)
    gradients = grad(output, leaf, stack, retain_graph=True, is_grads_batched=True)[0]
    return gradients.flatten(0, 1)


def looped(function: Function, x: Float[Tensor, "1 ..."]) -> Pullback:
    """Run x once and pull the cotangents back one by one: slow, and works for every operation."""
    leaf, output = run(function, x)

    return partial(_pull_each, output, leaf)


def _pull_each(output: Tensor, leaf: Tensor, cotangents: Tensor) -> Tensor:
    each = [grad(output, leaf, w.reshape(output.shape), retain_graph=True) for w in cotangents]
    return torch.cat([gradient for (gradient,) in each]) if each else leaf.detach()[:0]


def layouts(x: Float[Tensor, "1 ..."]) -> list[torch.memory_format]:
    """Return the memory layouts to try for a batch of copies, the fastest first."""
    channels_last = {4: [torch.channels_last], 5: [torch.channels_last_3d]}
    return [*channels_last.get(x.ndim, []), torch.contiguous_format]


def mixes_samples(
    function: Function, x: Float[Tensor, "1 ..."], layout: torch.memory_format
) -> bool:
    """Tell whether the copies in a batch would disturb each other, by a test.

    A random cotangent on the second of two copies must give the gradient of the single input
    there, and exactly nothing on the first.
    """
    try:
        alone = looped(function, x)
        reference = function(x)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(reference.shape, generator=generator, dtype=reference.dtype)
        cotangent = noise.to(reference.device)
        expected = alone(cotangent)
        batch, output = run(function, _copies(x, 2, layout))
        gradients = grad(output, batch, torch.cat([torch.zeros_like(cotangent), cotangent]))[0]
    except Exception as fault:
        if final(fault):
            raise
        # A hard-coded batch size, or a view that this layout does not allow, fails in any way.
        return True
    disturbed = bool(gradients[0].any())
    # A loose bound: rounding may move a gate that stands exactly on its border.
    return disturbed or bool((gradients[1] - expected[0]).norm() > 1e-2 * expected.norm())


def _copies(x: Tensor, copies: int, layout: torch.memory_format) -> Tensor:
    return x.expand(copies, *x.shape[1:]).contiguous(memory_format=layout)


def run(function: Function, x: Tensor, folded: bool = False) -> tuple[Tensor, Tensor]:
    """Run a function on a fresh leaf.

    Args:
        function: maps a batch of inputs to a batch of outputs.
        x: the batch.
        folded: run batch norms as one product.

    Returns:
        The leaf, and the output, which depends on it.
    """
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad(), FoldedNorms() if folded else nullcontext():
        output = function(leaf)
        # A function that does not depend on its input has a Jacobian all the same: zero.
        return leaf, output if output.requires_grad else output + 0 * leaf.sum()
