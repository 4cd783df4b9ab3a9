"""The network as an affine map at one input: y = u x + b (paper, equations 4, 8, 9)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from specxai.affine.conventions import RuleChoice, read_conventions
from specxai.affine.forward import Network, parse_address, run_from, run_until
from specxai.affine.jacobian import Jacobian
from specxai.affine.ledger import Ledger, keep_ledger
from specxai.affine.preconditions import (
    check_dependence,
    check_input,
    check_model,
    check_patterns,
    check_repeats,
    plain_output,
    unwrapped,
)
from specxai.affine.region import Region
from specxai.affine.target import Target, choose_target, select_target
from specxai.affine.trace import Layer, Site, trace
from specxai.errors import InvalidInputError, LayerError

# What one block of batched products may hold in activations.
_BLOCK_BYTES = 2**30
_LARGEST_BLOCK = 64


@dataclass(frozen=True, eq=False)
class Linearization:
    """A model as the affine map y = u x + b that it is at one input (8).

    It holds no copy of the Jacobian: products and rows are computed when asked for.

    Attributes:
        network: the model, in eval mode, unchanged, with the rules it is run by.
        x: the input, shape (1, *input).
        output: y = f(x), shape (1, *output), as the untouched model gives it.
        sites: every operation call on the input's path.
        layers: every module call: the places where the network can be split.
    """

    network: Network = field(repr=False)
    x: Float[Tensor, "1 ..."] = field(repr=False)
    output: Tensor
    sites: tuple[Site, ...] = field(repr=False)
    layers: tuple[Layer, ...] = field(repr=False)

    @property
    def model(self) -> nn.Module:
        """The user's model."""
        return self.network.module

    @property
    def conventional(self) -> tuple[Site, ...]:
        """The operation calls that are not piecewise linear and needed a convention (14, 15)."""
        return tuple(site for site in self.sites if site.convention is not None)

    @property
    def exactness(self) -> str:
        """``canonical``, or the conventions that operations needed which are not piecewise linear.

        Canonical means exact and unique. Otherwise y = u x + b still holds to rounding, and u is
        one choice among others: ``convention: tangent``, ``secant``, or both.
        """
        used = sorted({site.convention for site in self.sites if site.convention is not None})
        return f"convention: {', '.join(used)}" if used else "canonical"

    @property
    def block(self) -> int:
        """How many samples fit into one batch of products."""
        values = sum(torch.Size(site.shape).numel() for site in self.sites)
        # Autograd keeps about one tensor an operation for the way back, and makes another there.
        per_sample = 2 * self.x.element_size() * max(values, self.x.numel())
        return max(1, min(_LARGEST_BLOCK, _BLOCK_BYTES // per_sample))

    @cached_property
    def jacobian(self) -> Jacobian:
        """u = ∂y/∂x as a linear operator of shape (number of outputs, M)."""
        return self.right(None)

    def layer(self, address: str) -> Layer:
        """Look a layer up by its address.

        Args:
            address: module path, ``name#2`` for the second call of a module.

        Raises:
            LayerError: there is no such call, or its output is no tensor on the input's path.
        """
        if not isinstance(address, str):
            raise LayerError(f"layer {address!r} is no address: give a string such as 'features.3'")
        path, call = parse_address(address)
        known = {layer.address: layer for layer in self.layers}
        found = known.get(path if call == 1 else f"{path}#{call}")
        if found is None:
            near = get_close_matches(address, known, n=3, cutoff=0.4) or list(known)[:3]
            raise LayerError(f"no layer {address!r}; closest: {', '.join(near) or 'none'}")
        if found.shape is None:
            raise LayerError(
                f"layer {address!r} ({found.type}) does not return a tensor: split at a layer "
                "inside it, before it or after it"
            )
        if not found.on_path:
            raise LayerError(f"layer {address!r} is not on the way from the input to the output")
        return found

    def right(self, layer: str | None) -> Jacobian:
        """Return R = ∂z/∂x for a layer's output z (16); None gives u, the whole network.

        Raises:
            LayerError: see `layer`.
        """
        if layer is not None:
            self.layer(layer)
        return Jacobian(partial(run_until, self.network, layer), self.x, self.block)

    def left(self, layer: str | None, z: Float[Tensor, "..."]) -> Jacobian:
        """Return L = ∂y/∂z for a layer's output z, everything around the layer held fixed (16).

        Args:
            layer: the address of the layer; None gives the identity.
            z: the layer's output at x, as `right` has it in ``value``.
        """

        def rest(values: Tensor) -> Tensor:
            # A layer may have folded the batch dimension into another: z is flat in between.
            x = self.x.expand(len(values), *self.x.shape[1:])
            return run_from(self.network, layer, x, values.reshape(-1, *z.shape[1:]))

        return Jacobian(rest, z.reshape(1, -1), self.block)

    def jvp(self, v: Float[Tensor, "..."], layer: str | None = None) -> Tensor:
        """Return the Jacobian-vector product of the network, or of the network up to a layer.

        Args:
            v: a tangent with the shape of x.
            layer: the address of the layer; None means the whole network.

        Returns:
            The product, with the shape of the layer's output.
        """
        jacobian = self.jacobian if layer is None else self.right(layer)
        _check_shape("tangent", v, self.x)
        return jacobian.push(v.reshape(1, -1)).reshape(jacobian.value.shape)

    def vjp(self, w: Float[Tensor, "..."], layer: str | None = None) -> Tensor:
        """Return the vector-Jacobian product of the network, or of the network up to a layer.

        Args:
            w: a cotangent with the shape of the layer's output.
            layer: the address of the layer; None means the whole network.

        Returns:
            The product, with the shape of x.
        """
        jacobian = self.jacobian if layer is None else self.right(layer)
        _check_shape("cotangent", w, jacobian.value)
        return jacobian.pull(w.reshape(1, -1)).reshape(self.x.shape)

    def rows(
        self, indices: Sequence[int] | Int[Tensor, "k"], layer: str | None = None
    ) -> Float[Tensor, "k ..."]:
        """Return rows of the Jacobian of the network, or of the network up to a layer.

        Args:
            indices: positions in the layer's flattened output, a sequence of ints or int64 tensor.
            layer: the address of the layer; None means the whole network.

        Returns:
            One row for each index, each with the shape of x without its batch dimension.

        Raises:
            InvalidInputError: an index is out of range.
        """
        jacobian = self.jacobian if layer is None else self.right(layer)
        wanted = torch.as_tensor(indices, dtype=torch.int64, device=self.x.device)
        if len(wanted) and not 0 <= int(wanted.min()) <= int(wanted.max()) < jacobian.shape[0]:
            raise InvalidInputError(f"rows are numbered from 0 to {jacobian.shape[0] - 1}")
        return jacobian.rows(wanted).reshape(-1, *self.x.shape[1:])

    def bias(self) -> Tensor:
        """Return b = f(x) − u x, with the shape of the output (9)."""
        return self.output - self.jvp(self.x)

    @cached_property
    def region(self) -> Region:
        """The linear region around x: where the same affine map holds (4)."""
        return Region(self.network, self.x)

    @torch.inference_mode(False)
    def ledger(self, target: Target = None) -> Ledger:
        """Attribute the bias to the operation calls that make it (9).

        Args:
            target: the output whose bias is wanted; None keeps all outputs.

        Returns:
            One contribution for each call that adds an offset, and the remainder.

        Raises:
            TargetError: the target is out of range.
        """
        if target is None:
            return keep_ledger(self.network, self.x, self.bias().double(), None)
        position = choose_target(self.output, target)
        selected = select_target(self.output, position)
        linear = (self.vjp(selected).double() * self.x.double()).sum()
        bias = self.output[0][position].double() - linear
        return keep_ledger(self.network, self.x, bias, selected)


def _check_shape(name: str, given: Tensor, like: Tensor) -> None:
    if given.numel() != like.numel() or given.dtype != like.dtype:
        raise InvalidInputError(
            f"the {name} has shape {tuple(given.shape)} and dtype {given.dtype}: give one of shape "
            f"{tuple(like.shape)} and dtype {like.dtype}"
        )


@torch.inference_mode(False)
def linearize(model: nn.Module, x: Tensor, rule: RuleChoice = "tangent") -> Linearization:
    """Find the affine map that a network is at one input (8).

    The model runs twice: once untouched, once recorded. Nothing stays on it.

    Args:
        model: an nn.Module in eval mode that maps one tensor to one tensor; the wrappers of
            ``torch.compile``, DataParallel and DistributedDataParallel are taken off.
        x: one input with its batch dimension, shape (1, *input), of the model's dtype and device.
        rule: how operations that are not piecewise linear become affine: ``tangent`` (15),
            ``secant`` (14), or a mapping from operation names and module patterns to these.

    Returns:
        The affine map, with its products, rows, bias, operation calls and layers.

    Raises:
        InvalidModelError: train mode, non-finite weights or output, random output.
        InvalidInputError: wrong shape, dtype or device, non-finite values, unknown rule.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> x = torch.ones(1, 3)
    >>> lin = linearize(net.eval(), x)
    >>> torch.allclose(lin.jvp(x) + lin.bias(), lin.output)
    True
    """
    conventions = read_conventions(rule)
    model = unwrapped(model)
    check_model(model)
    check_input(model, x)
    x = x.detach().clone()
    output = plain_output(model, x)
    traced = trace(Network(model), conventions, x)
    # Other kernels may run when gradients are recorded, and round differently.
    check_repeats(output, traced.output, 1e-3)
    check_dependence(traced.depends, traced.sites)
    check_patterns(conventions, model, traced.sites)
    return Linearization(Network(model, traced.plan), x, output, traced.sites, traced.layers)
