"""The linear region around an input: its pattern, its borders, and how far away they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from specxai.affine.products.jacobian import Jacobian
from specxai.affine.products.numerics import full_precision
from specxai.affine.region.borders import BORDERS, Choice
from specxai.affine.tracing.interpreter import Address, Call, Interpreter
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.operations import depends
from specxai.errors import InvalidInputError
from specxai.presentation import Shown, counted, in_lines

# So many calls with the most borders are told in its text.
_TOLD = 3


@dataclass(frozen=True)
class Switches:
    """Some switching values of one operation call.

    Attributes:
        address: the call.
        count: how many of its switching values.
        total: how many it has.
    """

    address: Address
    count: int
    total: int

    def to_dict(self) -> dict[str, str | int]:
        """Return it as plain numbers and text, fit for JSON."""
        return {"site": str(self.address), "count": self.count, "total": self.total}


class Tie(Switches):
    """Switching values of one operation call that are exactly zero although the input moves them.

    Attributes: see `Switches`.
    """


class Flip(Switches):
    """Switching values of one operation call that change their sign between two points.

    Attributes: see `Switches`.
    """


@dataclass(frozen=True)
class Certificate:
    """How far the affine map holds from x, along some directions, in units of the input's norm.

    Attributes:
        distances: for each named direction the distance ‖δ‖ to the first border; infinite where
            there is none.
        norm: ‖x‖, to compare with.
        ties: switching values that stand exactly on their border.
    """

    distances: dict[str, float]
    norm: float
    ties: tuple[Tie, ...]


@dataclass(frozen=True, eq=False)
class Region(Shown):
    """The set of inputs with the same pattern of gates and pool choices as x (4).

    Attributes:
        network: the network with its rules.
        x: the input, shape (1, *input); or what is put in place of a layer's output.
        run: runs the network on a batch of such inputs, and leaves the rules to an interpreter.
    """

    network: Network = field(repr=False)
    x: Float[Tensor, "1 ..."] = field(repr=False)
    run: Callable[[Tensor], Any] = field(repr=False)

    def __repr__(self) -> str:
        largest = sorted(self._sizes.items(), key=lambda pair: -pair[1])[:_TOLD]
        rows = [(str(address), f"{size:,}") for address, size in largest]
        if more := len(self._sizes) - len(largest):
            left = self.borders - sum(dict(largest).values())
            rows.append((counted(more, "other"), f"{left:,}"))
        calls = counted(len(self._sizes), "operation call")
        found = f"{counted(self.borders, 'border')} at {calls}"
        return in_lines(f"Region around an input of shape {tuple(self.x.shape)}: {found}", rows)

    @cached_property
    def _choices(self) -> dict[Address, Choice]:
        reader = _Reader(self.network, None)
        with full_precision(), torch.enable_grad(), reader:
            self.run(self.x.detach().clone().requires_grad_())
        return reader.choices

    @cached_property
    def _switches(self) -> Jacobian:
        """The switching values as a function of the input, with the choices made at x."""
        return Jacobian(partial(_read, self._reader, self.run), self.x)

    @property
    def borders(self) -> int:
        """The number of switching values, each with a border where it is zero."""
        return self._switches.shape[0]

    def contains(self, x: Float[Tensor, "1 ..."]) -> bool:
        """Tell whether another input has the same pattern, so that the same affine map holds.

        Args:
            x: an input of the same shape, dtype and device.
        """
        return not self.flips(x)

    @full_precision()
    def flips(self, x: Float[Tensor, "1 ..."]) -> tuple[Flip, ...]:
        """Return the operation calls with switching values of another sign at another input.

        They are none if the input is in the region. A gate has one switching value for each of
        its borders, a pooling window one for each entry that may overtake the winner.

        Args:
            x: an input of the same shape, dtype and device.
        """
        given = self._checked("input", x).reshape(self.x.shape)
        with torch.no_grad():
            other = self._switches.function(given)
        changed = (other > 0) != (self._switches.value > 0)
        return tuple(Flip(*counts) for counts in self._by_site(changed.flatten()))

    def distance(self, direction: Float[Tensor, "..."]) -> float:
        """Return the exact distance from x to the first border along a direction.

        One Jacobian-vector product gives the rate of every switching value; the first of
        −value / rate that lies ahead is the border.

        Args:
            direction: shape of x; its length does not matter.

        Returns:
            The distance in the input's Euclidean norm, in float64; infinite where there is none.
        """
        along = self._checked("direction", direction)
        rates = self._switches.push(along / along.norm()).double().flatten()
        values = self._switches.value.double().flatten()
        ahead = torch.where(values > 0, rates < 0, rates > 0)
        steps = (-values[ahead] / rates[ahead]).clamp(min=0)
        return float(steps.min()) if len(steps) else float("inf")

    def ties(self, seed: int = 0) -> tuple[Tie, ...]:
        """Return the operation calls with switching values exactly on their border.

        Values that are zero because nothing moves them, such as those behind a closed gate, are
        no ties: a random direction tells them apart.

        Args:
            seed: seed of the direction.
        """
        generator = torch.Generator().manual_seed(seed)
        direction = torch.randn(1, self.x.numel(), generator=generator, dtype=self.x.dtype)
        rates = self._switches.push(direction.to(self.x.device)).flatten()
        tied = (self._switches.value.flatten() == 0) & (rates != 0)
        return tuple(Tie(*counts) for counts in self._by_site(tied))

    def certificate(
        self, gradient: Float[Tensor, "..."] | None = None, directions: int = 8, seed: int = 0
    ) -> Certificate:
        """Measure the region along ±x, ± a gradient, and random directions.

        Args:
            gradient: u of the explained output, shape of x; None leaves it out.
            directions: how many random directions.
            seed: seed of these.
        """
        named = {"+x": self.x, "-x": -self.x}
        if gradient is not None:
            named |= {"+u": gradient, "-u": -gradient}
        generator = torch.Generator().manual_seed(seed)
        for number in range(directions):
            noise = torch.randn(self.x.shape, generator=generator, dtype=self.x.dtype)
            named[f"random {number}"] = noise.to(self.x.device)
        distances = {name: self.distance(v) for name, v in named.items() if v.any()}
        return Certificate(distances, float(self.x.norm()), self.ties(seed))

    def _checked(self, name: str, given: Any) -> Float[Tensor, "1 M"]:
        if not isinstance(given, Tensor) or given.numel() != self.x.numel():
            actual = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
            raise InvalidInputError(
                f"the {name} is {actual}: give a tensor of shape {tuple(self.x.shape)}"
            )
        return given.detach().to(self.x).reshape(1, -1)

    def _by_site(self, marked: Bool[Tensor, " n"]) -> Iterator[tuple[Address, int, int]]:
        """Yield calls with marked switching values, how many are marked, and how many there are."""
        parts = marked.split(list(self._sizes.values()))
        for address, part in zip(self._sizes, parts, strict=True):
            if part.any():
                yield address, int(part.sum()), len(part)

    def _reader(self) -> "_Reader":
        return _Reader(self.network, self._choices)

    @cached_property
    def _sizes(self) -> dict[Address, int]:
        reader = self._reader()
        with torch.no_grad(), reader:
            self.run(self.x)
        return {
            address: sum(part.numel() for part in parts) for address, parts in reader.values.items()
        }


class _Reader(Interpreter):
    """Notes the switching values of every call that has borders.

    Args:
        network: the network with its rules.
        choices: what was chosen at the input, for each call to read; None to choose now, for the
            calls on tensors that require grad.
    """

    def __init__(self, network: Network, choices: dict[Address, Choice] | None) -> None:
        super().__init__(network.root, network.plan)
        self.choosing = choices is None
        self.choices = {} if choices is None else choices
        self.values: dict[Address, list[Tensor]] = {}

    def run(self, call: Call) -> Any:
        border = BORDERS.get(call.address.operation)
        wanted = depends(call.args, call.kwargs) if self.choosing else call.address in self.choices
        rule = self.plan.get(call.address)
        if border is not None and wanted and (rule is None or rule.kept):
            chosen = None if self.choosing else self.choices[call.address]
            # Before the call: it may overwrite its argument.
            values, choice = border(chosen, *call.args, **call.kwargs)
            self.choices[call.address] = choice
            self.values[call.address] = [value.clone() for value in values]
        return super().run(call)


def _read(
    reading: Callable[[], _Reader], run: Callable[[Tensor], Any], x: Tensor
) -> Float[Tensor, "B n"]:
    """Run the network and return all switching values, one call after the other."""
    reader = reading()
    with reader:
        run(x)
    flat = [part.reshape(len(x), -1) for parts in reader.values.values() for part in parts]
    return torch.cat(flat, 1) if flat else x.new_zeros(len(x), 0)
