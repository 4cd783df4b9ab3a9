"""Random small networks: each is drawn from a seed, and prints as the Python it is made of."""

import linecache
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import fuzz_steps

SHAPES = ((1, 2, 4, 4), (1, 3, 5, 5), (1, 4, 3, 3), (1, 4, 6), (1, 5, 3), (1, 3, 4), (1, 6), (1, 8))
KINDS = {4: "IMAGE", 3: "TOKENS", 2: "VECTOR"}
LARGEST = 160  # values between two steps
OUTPUTS = 3


class Fuzzed(nn.Module):
    """A network whose forward pass is written by a `Writer`.

    Attributes:
        kept: where the reference collects what frozen branches give.
        replay: what they gave in another run, to be given again.
    """

    kept: list[Any] | None = None
    replay: Iterator[Any] | None = None

    def hold(self, value: Any) -> Any:
        if self.replay is not None:
            return next(self.replay)
        if self.kept is not None:
            self.kept.append(value.detach().clone() if isinstance(value, Tensor) else value)
        return value


@dataclass(frozen=True)
class Program:
    """A random network, an input and what went into it.

    Attributes:
        traits: ``smooth`` for operations that are not piecewise linear, ``hidden`` for those that
            PyTorch's function hooks do not see, ``frozen`` for branches without derivatives.
    """

    seed: int
    model: Fuzzed
    x: Tensor
    traits: frozenset[str]
    source: str

    def __str__(self) -> str:
        return f"seed {self.seed}, x of shape {tuple(self.x.shape)}\n{self.source}"


def draw(seed: int) -> Program:
    """Return the network of a seed: the first one drawn that PyTorch itself can differentiate."""
    for attempt in count():
        program = Writer(seed, attempt).write()
        if _usable(program):
            return program
    raise AssertionError("unreachable")


def _usable(program: Program) -> bool:
    leaf = program.x.clone().requires_grad_()
    try:
        output = program.model(leaf.clone())
        (gradient,) = torch.autograd.grad(output.sum(), leaf)
    except RuntimeError:  # a value overwritten in place that its derivative needs
        return False
    fine = bool(torch.isfinite(output).all() and torch.isfinite(gradient).all())
    return fine and bool(output.abs().max() < 1e3) and bool(gradient.any())


class Writer:
    """Writes a network step by step, and runs each step to learn the shape that it gives."""

    def __init__(self, seed: int, attempt: int) -> None:
        self.seed = seed
        self.random = random.Random(f"{seed} {attempt}")
        torch.manual_seed(1000 * seed + attempt)
        self.network = Fuzzed().double()
        self.init: list[str] = []
        self.lines: list[str] = []
        self.traits: set[str] = set()
        self.skips: dict[str, tuple[int, ...]] = {}
        self.tame = seed % 5 < 2  # piecewise linear throughout, and nothing hidden
        self.names: dict[str, Any] = {
            "torch": torch, "nn": nn, "F": nn.functional, "checkpoint": checkpoint,
            **vars(fuzz_steps), "self": self.network,
        }  # fmt: skip

    def write(self) -> Program:
        x = torch.randn(self.random.choice(SHAPES)).double()
        self.names["h"] = x.clone()
        for _ in range(self.random.randint(4, 10)):
            self.step()
            self.keep_small()
        self.finish()
        network = self.compiled()
        return Program(self.seed, network, x, frozenset(self.traits), self.source())

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.names["h"].shape)

    def step(self) -> None:
        for _ in range(20):
            roll = self.random.random()
            if roll < 0.08:
                return self.skip()
            if roll < 0.2 and self.join():
                return None
            table = self.random.choices(*zip(*self.tables(), strict=True))[0]
            if self.attempt(self.random.choice(_entries(table))):
                self.traits |= {trait for trait in _TRAITS if trait.upper() in table}
                return None
        return None

    def tables(self) -> list[tuple[str, float]]:
        """Return the tables to draw from, with their weights."""
        kind = KINDS[len(self.shape)]
        onward = [name for name in vars(fuzz_steps) if name.startswith(f"{kind}_TO")]
        tables = [("PIECEWISE_LINEAR", 4.0), (kind, 4.0), *((name, 0.5) for name in onward)]
        if self.tame:
            return [*tables, ("STATE", 0.1)]
        smooth = [f"SMOOTH_{name}" for name in onward if hasattr(fuzz_steps, f"SMOOTH_{name}")]
        tables += [("SMOOTH", 2.0), (f"SMOOTH_{kind}", 2.5), *((name, 0.3) for name in smooth)]
        return [*tables, ("HIDDEN", 0.4), ("FROZEN", 0.5), ("STATE", 0.2)]

    def attempt(self, entry: str) -> bool:
        """Add a step, unless it does not fit what passes through."""
        condition, _, template = entry.rpartition(" :: ")
        values = self.values()
        if condition and not eval(condition, {}, values):
            return False
        lines, made = len(self.lines), len(self.init)
        before = self.names["h"]
        template = re.sub(r"\(\?([^)]*)\)", self.chosen, template)
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", str(value))
        try:
            for line in template.split(" ; "):
                self.line(re.sub(r"<<(.*?)>>", self.made, line.strip()))
            h = self.names["h"]
            assert h.ndim in KINDS
            assert len(h) == 1
            assert torch.isfinite(h).all()
            assert min(h.shape[1:]) > 1
        except (RuntimeError, ValueError, IndexError, AssertionError):
            self.names["h"] = before
            for number in range(made, len(self.init)):
                delattr(self.network, f"m{number}")
            del self.lines[lines:], self.init[made:]
            return False
        return True

    def values(self) -> dict[str, Any]:
        shape = self.shape
        named = {4: ("c", "H", "W"), 3: ("n",), 2: ()}[len(shape)]
        return {
            **dict(zip(named, shape[1:], strict=False)),
            "S": shape, "s1": shape[1], "last": shape[-1], "e": self.random.choice([2, 4, 6]),
        }  # fmt: skip

    def chosen(self, match: re.Match[str]) -> str:
        return self.random.choice(match[1].split("|"))

    def made(self, match: re.Match[str]) -> str:
        """Make a module, a parameter or a buffer, and return its name."""
        name = f"m{len(self.init)}"
        value = eval(match[1], self.names)
        if isinstance(value, nn.Module):
            setattr(self.network, name, _settled(value))
            self.init.append(f"self.{name} = {match[1]}")
        elif isinstance(value, nn.Parameter):
            setattr(self.network, name, nn.Parameter(value.detach().double()))
            self.init.append(f"self.{name} = {match[1]}")
        else:
            value = value.double() if value.is_floating_point() else value
            self.network.register_buffer(name, value)
            self.init.append(f"self.register_buffer({name!r}, {match[1]})")
        return f"self.{name}"

    def line(self, text: str) -> None:
        self.lines.append(text)
        with torch.no_grad():
            exec(text, self.names)

    def skip(self) -> None:
        """Remember a value for later."""
        name = f"s{len(self.skips)}"
        self.line(f"{name} = h")
        self.skips[name] = self.shape

    def join(self) -> bool:
        """Bring in a value remembered before."""
        forms = {"{s} + h": None, "torch.cat([h, {s}], 1)": None, "h - 0.5 * {s}.relu()": None}
        smooth = {} if self.tame else {"h * {s}.sigmoid()": "smooth", "h * {s} / 2": "smooth"}
        fitting = [name for name, shape in self.skips.items() if shape == self.shape]
        if not fitting:
            return False
        form, trait = self.random.choice([*forms.items(), *smooth.items()])
        self.line("h = " + form.format(s=self.random.choice(fitting)))
        self.traits |= {trait} if trait else set()
        return True

    def keep_small(self) -> None:
        """Keep the values in number and size where numbers can be compared."""
        if self.names["h"].numel() > LARGEST:
            self.line({4: "h = h[:, :4, :4, :4]", 3: "h = h[:, :8, :8]", 2: "h = h[:, :12]"}[
                len(self.shape)
            ])  # fmt: skip
        most = float(self.names["h"].abs().max())
        if most > 8:
            self.line(f"h = h / {2 ** int(most).bit_length()}")
        elif 0 < most < 0.1:
            self.line("h = 10 * h")

    def finish(self) -> None:
        """End with a vector of outputs."""
        if len(self.shape) > 2:
            self.attempt("h = h.flatten(1)")
        self.attempt(f"h = <<nn.Linear({{last}}, {OUTPUTS})>>(h)")

    def source(self) -> str:
        init = "".join(f"        {line}\n" for line in self.init)
        lines = "".join(f"        {line}\n" for line in self.lines)
        return (
            "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            f"{init}    def forward(self, x):\n        h = x\n{lines}        return h"
        )

    def compiled(self) -> Fuzzed:
        body = "".join(f"    {line}\n" for line in self.lines)
        code = f"def forward(self, x):\n    h = x\n{body}    return h\n"
        name = f"<network {self.seed}>"
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        names = {key: value for key, value in self.names.items() if key != "self"}
        exec(compile(code, name, "exec"), names)
        self.network.__class__ = type("Net", (Fuzzed,), {"forward": names["forward"]})
        for buffer in self.network.buffers():
            buffer.detach_()
        return self.network.eval()


_TRAITS = ("smooth", "hidden", "frozen")


def _entries(table: str) -> list[str]:
    return getattr(fuzz_steps, table).strip().splitlines()


def _settled(module: nn.Module) -> nn.Module:
    """Return a module in eval mode, in float64, with statistics and weights as after training."""
    for part in module.double().eval().modules():
        if getattr(part, "running_var", None) is not None:
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
        if isinstance(part, nn.modules.batchnorm._NormBase) and part.affine:
            part.weight.data.uniform_(-1, 2)
            part.bias.data.normal_()
    return module
