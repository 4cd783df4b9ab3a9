"""The network as an affine map at one input: y = u x + b (paper, equations 4, 8, 9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from specxai.affine.ledger import Ledger, keep_ledger
from specxai.affine.products.agreement import agreeing
from specxai.affine.products.audit import Repair
from specxai.affine.products.jacobian import Jacobian
from specxai.affine.products.numerics import full_precision
from specxai.affine.region.region import Region
from specxai.affine.target import Target, choose_target, select_target
from specxai.affine.tracing.addresses import address_of
from specxai.affine.tracing.conventions import Conventions
from specxai.affine.tracing.network import Network, parse_address, run_from, run_until
from specxai.affine.tracing.recorder import Layer, Site
from specxai.affine.tracing.trace import all_paths_cross
from specxai.closest import closest
from specxai.errors import InvalidInputError, LayerError

# What one block of batched products may hold in activations.
_BLOCK_BYTES = 2**30
# Larger blocks fall out of the processor's caches: measured on AlexNet, VGG, ResNet, EfficientNet.
_LARGEST_BLOCK = 16

# One layer, by its address or itself, several that are taken together, or None for the whole.
Layers = str | nn.Module | Sequence[str | nn.Module] | None


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
        precision: what the network is computed in, and in place of what: ``float32``, or
            ``float32 in place of bfloat16`` for a model of half precision.
        conventions: how operations that are not piecewise linear became affine.
        repairs: calls where PyTorch's derivative was found to be wrong and is computed otherwise.
        checked: parts of the network whose forward and reverse derivatives have been compared.
        baseline: x₀, from which the map leads to x; None for the map at x alone.
        baseline_name: ``zero``, ``mean`` and the like, or ``given``, where there is a baseline.
        baseline_output: y₀ = f(x₀), where there is a baseline.
        pointwise: the map at x alone, where there is a baseline.
        scale: deviations that a decomposition measures the input in, shape of x; None for its own
            units. The map itself is in the input's own units always.
        off: how far the derivative is from differences of the values, as a share, where operations
            are hidden; zero where none is.
    """

    network: Network = field(repr=False)
    x: Float[Tensor, "1 ..."] = field(repr=False)
    output: Tensor
    sites: tuple[Site, ...] = field(repr=False)
    layers: tuple[Layer, ...] = field(repr=False)
    precision: str
    conventions: Conventions = field(repr=False)
    repairs: list[Repair] = field(default_factory=list, repr=False)
    checked: set[tuple[str, ...]] = field(default_factory=set, repr=False)
    off: float = 0.0
    baseline: Float[Tensor, "1 ..."] | None = field(default=None, repr=False)
    baseline_name: str | None = None
    baseline_output: Tensor | None = field(default=None, repr=False)
    pointwise: "Linearization | None" = field(default=None, repr=False)
    scale: Float[Tensor, "1 ..."] | None = field(default=None, repr=False)

    @property
    def at_x(self) -> "Linearization":
        """The map at x alone, whose rules leave every value as it is: runs the real network."""
        return self if self.pointwise is None else self.pointwise

    @property
    def displacement(self) -> Float[Tensor, "1 ..."]:
        """What u is multiplied with: x − x₀, or x where there is no baseline."""
        return self.x if self.baseline is None else self.x - self.baseline

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
        if self.baseline is not None:
            return self._from_baseline
        used = sorted({site.convention for site in self.sites if site.convention is not None})
        return f"convention: {', '.join(used)}" if used else "canonical"

    @property
    def _from_baseline(self) -> str:
        completed = [(str(s.address), s.completed) for s in self.sites if s.completed is not None]
        told = [f"{address} ({share:.0%})" for address, share in completed]
        return f"from a baseline{', completed: ' + _listed(told) if told else ''}"

    @property
    def off_much(self) -> bool:
        """Whether `off` is beyond what differences can be trusted to."""
        return self.off > {torch.float64: 1e-5}.get(self.x.dtype, 5e-2)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of any result should know: of hidden calls, repairs, and moving state."""
        notes = [
            f"{_listed(addresses)}: {remedy}" for remedy, addresses in self._repaired().items()
        ]
        hidden = list(dict.fromkeys(str(site.address) for site in self.sites if site.hidden))
        if hidden:
            off = f", off by {self.off:.1g} from differences of the values" if self.off_much else ""
            notes.insert(
                0,
                f"not seen: {_listed(hidden)} (torch.jit, torch.func or an autograd.Function): "
                f"taken by its own derivative{off}; no rule applies, its offset stays in the "
                "ledger's remainder, its borders are in no region",
            )
        if self.network.moved:
            names = _listed(sorted(self.network.moved))
            notes.append(f"{names}: changed by every run and put back; explained as it stands now")
        return tuple(notes)

    def _repaired(self) -> dict[str, list[str]]:
        """Return the addresses of repaired calls by what was done about them."""
        groups: dict[str, list[str]] = {}
        for repair in self.repairs:
            addresses = groups.setdefault(repair.remedy, [])
            if str(repair.address) not in addresses:
                addresses.append(str(repair.address))
        return groups

    @property
    def block(self) -> int:
        """How many samples fit into one batch of products."""
        return max(1, min(_LARGEST_BLOCK, _BLOCK_BYTES // self.sample_bytes))

    @property
    def sample_bytes(self) -> int:
        """About how much memory one sample takes on its way forward and back."""
        values = sum(torch.Size(site.shape).numel() for site in self.sites)
        # Autograd keeps about one tensor an operation for the way back, and makes another there.
        return 2 * self.x.element_size() * max(values, self.x.numel())

    @cached_property
    def _order(self) -> dict[str, int]:
        return {layer.address: number for number, layer in enumerate(self.layers)}

    @cached_property
    def jacobian(self) -> Jacobian:
        """u = ∂y/∂x as a linear operator of shape (number of outputs, M)."""
        return self.right(None)

    def layer(self, address: str | nn.Module) -> Layer:
        """Look a layer up by its address.

        Args:
            address: module path, ``name#2`` for the second call of a module; or a module that is
                called once.

        Raises:
            LayerError: there is no such call, or its output is no tensor on the input's path.
        """
        if isinstance(address, nn.Module):
            address = address_of(address, self.model, self.layers)
        if not isinstance(address, str):
            raise LayerError(f"layer {address!r} is no address: give a string such as 'features.3'")
        path, call = parse_address(address)
        known = {layer.address: layer for layer in self.layers}
        found = known.get(path if call == 1 else f"{path}#{call}")
        if found is None:
            near = closest(address, known) or list(known)[:3]
            raise LayerError(f"no layer {address!r}; closest: {', '.join(near) or 'none'}")
        if found.shape is None:
            raise LayerError(
                f"layer {address!r} ({found.type}) does not return a tensor: split at a layer "
                "inside it, before it or after it"
            )
        if not found.on_path:
            others = [a for a, one in known.items() if one.on_path and parse_address(a)[0] == path]
            remedy = f"; its call {others[0]!r} is" if others else ""
            raise LayerError(
                f"layer {address!r} is not on the way from the input to the output{remedy}"
            )
        return found

    def addresses(self, layers: Layers) -> tuple[str, ...]:
        """Return the addresses of layers to split at, in the order of their calls.

        Args:
            layers: an address or a module, or several; None, the whole network, gives none.

        Raises:
            LayerError: see `layer`.
        """
        if layers is None:
            return ()
        if not isinstance(layers, Sequence) or isinstance(layers, str):
            return (self.layer(layers).address,)
        chosen = [self.layer(address) for address in layers]
        if not chosen:
            raise LayerError("no layer is named: give one, several, or None for the whole network")
        return tuple(sorted({layer.address for layer in chosen}, key=self._order.__getitem__))

    def is_cut(self, layers: Layers) -> bool:
        """Tell whether every path from input to output crosses one of the layers (16)."""
        addresses = self.addresses(layers)
        if len(addresses) <= 1:
            return all(self.layer(address).cut for address in addresses)
        return all_paths_cross(self.network, addresses, self.x)

    def right(self, layers: Layers) -> Jacobian:
        """Return R = ∂z/∂x for the output z of a layer, or of several layers together (16).

        Args:
            layers: an address, or several; None gives u, the whole network.

        Raises:
            LayerError: see `layer`.
        """
        addresses = self.addresses(layers)
        until = partial(run_until, self.network, addresses)
        right = Jacobian(until, self.x, self.block, self.sample_bytes, self.displacement)
        return self._checked(right, partial(until, untouched=True), ("right", *addresses))

    def left(self, layers: Layers, z: Float[Tensor, "..."]) -> Jacobian:
        """Return L = ∂y/∂z for the output z of layers, everything around them held fixed (16).

        Args:
            layers: an address, or several; None gives the identity.
            z: the layers' output at x, as `right` has it in ``value``.
        """
        addresses = self.addresses(layers)

        def rest(values: Tensor, untouched: bool = False) -> Tensor:
            x = self.x.expand(len(values), *self.x.shape[1:])
            return run_from(self.network, addresses, x, values, untouched)

        # One row of it is all that anyone asks for: no batches, and no test of them.
        left = Jacobian(rest, z.reshape(1, -1), 1, self.sample_bytes)
        return self._checked(left, partial(rest, untouched=True), ("left", *addresses))

    def _checked(
        self, jacobian: Jacobian, run: Callable[[Tensor], Tensor], part: tuple[str, ...]
    ) -> Jacobian:
        """Return a Jacobian whose forward and reverse products agree, once for each part."""
        if part not in self.checked:
            jacobian = agreeing(self.network, jacobian, run, self.repairs)
            self.checked.add(part)
        return jacobian

    def jvp(self, v: Float[Tensor, "..."], layer: Layers = None) -> Tensor:
        """Return the Jacobian-vector product of the network, or of the network up to a layer.

        Args:
            v: a tangent with the shape of x.
            layer: the address of a layer, or of several; None means the whole network.

        Returns:
            The product, with the shape of the layer's output.
        """
        jacobian = self.jacobian if layer is None else self.right(layer)
        _check_shape("tangent", v, self.x)
        return jacobian.push(v.reshape(1, -1)).reshape(jacobian.value.shape)

    def vjp(self, w: Float[Tensor, "..."], layer: Layers = None) -> Tensor:
        """Return the vector-Jacobian product of the network, or of the network up to a layer.

        Args:
            w: a cotangent with the shape of the layer's output.
            layer: the address of a layer, or of several; None means the whole network.

        Returns:
            The product, with the shape of x.
        """
        jacobian = self.jacobian if layer is None else self.right(layer)
        _check_shape("cotangent", w, jacobian.value)
        return jacobian.pull(w.reshape(1, -1)).reshape(self.x.shape)

    def rows(
        self, indices: Sequence[int] | Int[Tensor, " k"], layer: Layers = None
    ) -> Float[Tensor, "k ..."]:
        """Return rows of the Jacobian of the network, or of the network up to a layer.

        Args:
            indices: positions in the layer's flattened output, a sequence of ints or int64 tensor.
            layer: the address of a layer, or of several; None means the whole network.

        Returns:
            One row for each index, each with the shape of x without its batch dimension.

        Raises:
            InvalidInputError: an index is out of range.
        """
        jacobian = self.jacobian if layer is None else self.right(layer)
        wanted = torch.as_tensor(indices, dtype=torch.int64, device=self.x.device).reshape(-1)
        if len(wanted) and not 0 <= int(wanted.min()) <= int(wanted.max()) < jacobian.shape[0]:
            raise InvalidInputError(f"rows are numbered from 0 to {jacobian.shape[0] - 1}")
        return jacobian.rows(wanted).reshape(-1, *self.x.shape[1:])

    def bias(self) -> Tensor:
        """Return b = f(x) − u x (9), or y₀ = f(x₀), with the shape of the output."""
        if self.baseline_output is not None:
            return self.baseline_output
        return self.output - self.jvp(self.x)

    @cached_property
    def region(self) -> Region:
        """The linear region around x: where the same map at x alone holds (4)."""
        if self.pointwise is not None:
            return self.pointwise.region
        return Region(self.network, self.x, self.network.untouched)

    def region_at(self, layers: Layers, z: Float[Tensor, "..."]) -> Region:
        """Return the linear region of the rest of the network around the output z of layers.

        Args:
            layers: an address, or several; None leaves no rest, and no border.
            z: the layers' output at x, as `right` has it in ``value``.
        """
        addresses = self.addresses(layers)

        def rest(values: Tensor) -> Tensor:
            x = self.x.expand(len(values), *self.x.shape[1:])
            return run_from(self.network, addresses, x, values, untouched=True)

        return Region(self.network, z.reshape(1, -1), rest)

    @full_precision()
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
            shift = None if self.baseline is None else self.jvp(self.baseline).double()
            return keep_ledger(self.network, self.x, self.bias().double(), None, shift)
        position = choose_target(self.output, target)
        selected = select_target(self.output, position)
        u = self.vjp(selected).double()
        bias = self.output[0][position].double() - (u * self.displacement.double()).sum()
        shift = None if self.baseline is None else (u * self.baseline.double()).sum()
        return keep_ledger(self.network, self.x, bias, selected, shift)


def _listed(names: Sequence[str], most: int = 4) -> str:
    rest = f" and {len(names) - most:,} others" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _check_shape(name: str, given: Tensor, like: Tensor) -> None:
    if given.numel() != like.numel() or given.dtype != like.dtype:
        raise InvalidInputError(
            f"the {name} has shape {tuple(given.shape)} and dtype {given.dtype}: give one of shape "
            f"{tuple(like.shape)} and dtype {like.dtype}"
        )
