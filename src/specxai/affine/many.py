"""The affine maps of a network at many inputs, one pass for a batch of them (8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.baselines import Baseline
from specxai.affine.from_baseline import batch_from_baseline
from specxai.affine.linearization import Linearization
from specxai.affine.linearize import at_input, linearize
from specxai.affine.products.batched import BatchedJacobian
from specxai.affine.products.numerics import full_precision
from specxai.affine.scale import read_scale
from specxai.affine.target import Target, choose_target
from specxai.affine.tracing.conventions import RuleChoice
from specxai.affine.tracing.faults import out_of_memory
from specxai.affine.tracing.given import Model
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.precision import Precision
from specxai.affine.tracing.root import Forward
from specxai.errors import InvalidInputError
from specxai.progress import Progress, silent

# How far a batch may be from one input alone, as a share: rounding of other kernels.
_ROUNDING = {torch.float32: 1e-3, torch.float64: 1e-9}


@dataclass(frozen=True, eq=False)
class LinearMaps:
    """One output of a network at n inputs as n affine maps: y = b + u·x, or y = y₀ + u·(x − x₀).

    Attributes:
        x: the inputs, shape (n, *input).
        targets: positions of the explained outputs.
        output: y, shape (n,), float64.
        slopes: u, shape (n, *input).
        bias: y₀, or b = y − u·x without a baseline, shape (n,), float64.
        baseline: x₀, shape (1, *input); None for the maps at the inputs alone.
        baseline_name: of it.
        exactness: ``canonical``, or what the maps needed at the first input.
        together: whether the inputs ran in batches; one by one, where a batch would have been
            wrong or could not be run.
    """

    x: Float[Tensor, "n ..."] = field(repr=False)
    targets: tuple[int | tuple[int, ...], ...] = field(repr=False)
    output: Float[Tensor, " n"]
    slopes: Float[Tensor, "n ..."] = field(repr=False)
    bias: Float[Tensor, " n"]
    baseline: Float[Tensor, "1 ..."] | None = field(repr=False)
    baseline_name: str | None
    exactness: str
    together: bool

    @property
    def displacement(self) -> Float[Tensor, "n ..."]:
        """What u is multiplied with: x, or x − x₀ from a baseline; float64."""
        start = 0 if self.baseline is None else self.baseline.double()
        return self.x.double() - start

    @cached_property
    def attributions(self) -> Float[Tensor, "n ..."]:
        """u ⊙ x, or u ⊙ (x − x₀): what each value of the input adds to y, float64."""
        return self.slopes.double() * self.displacement

    @cached_property
    def linear(self) -> Float[Tensor, " n"]:
        """u·x, or u·(x − x₀), float64."""
        return self.attributions.flatten(1).sum(1)

    @property
    def residual(self) -> Float[Tensor, " n"]:
        """How far y is from the sum: rounding; zero without a baseline, where b is the rest."""
        return self.output - self.linear - self.bias


@full_precision()
def linearize_many(
    model: Model,
    xs: Float[Tensor, "n ..."] | np.ndarray,
    target: Target = None,
    rule: RuleChoice = "tangent",
    *,
    forward: Forward | None = None,
    precision: Precision = "native",
    baseline: Baseline = None,
    batch: int = 256,
    progress: Progress = silent,
) -> LinearMaps:
    """Find the affine maps of one output at many inputs: one forward and one backward pass a batch.

    They are those of `linearize` at each input, to rounding; a batch is compared with the first
    input alone, and where samples disturb each other all are taken one by one.

    Args:
        model: as `linearize` takes it, like rule, forward, precision and baseline.
        xs: the inputs, shape (n, *input), n at least 1.
        target: the explained output; None takes the largest of each input.
        rule: how operations that are not piecewise linear become affine.
        forward: calls the model and returns the tensor to explain.
        precision: ``native`` or ``double``.
        baseline: x₀, one for all; ``mean`` and ``blur`` are refused, as they differ from input to
            input.
        batch: how many inputs run together, at most.
        progress: called with a stage's name, the inputs done and all.

    Raises:
        InvalidInputError: there is no input, or the baseline is one of each input's own.
        SpecxaiError: see `linearize`.

    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> maps = linearize_many(net.eval(), torch.randn(5, 3), baseline="zero")
    >>> maps.slopes.shape, bool(maps.residual.abs().max() < 1e-5)
    (torch.Size([5, 3]), True)
    """
    batches = Batches.of(model, xs, rule, forward, precision, baseline)
    parts = [maps_of(each, target) for each in batches.split(batch, progress)]
    return joined(parts, batches)


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs that run together, and the network with the rules of their maps.

    Attributes:
        network: with a rule for each call that needs one.
        x: the inputs, shape (B, *input).
        start: y₀ of all outputs, shape (1, *output); None without a baseline.
        baseline: x₀, shape (1, *input).
    """

    network: Network
    x: Float[Tensor, "B ..."]
    start: Tensor | None
    baseline: Float[Tensor, "1 ..."] | None

    @cached_property
    def jacobian(self) -> BatchedJacobian:
        """The Jacobian of all outputs at each input, and their values."""
        return BatchedJacobian(self.network, self.x)


def targets_of(output: Tensor, target: Target) -> tuple[int | tuple[int, ...], ...]:
    """Return the position of the explained output of each sample; None takes the largest."""
    first = choose_target(output[:1], target)
    if target is None and output.ndim == 2:
        return tuple(output.argmax(1).tolist())
    return (first,) * len(output)


def cotangents_of(
    output: Tensor, targets: tuple[int | tuple[int, ...], ...]
) -> Float[Tensor, "B m"]:
    """Return for each sample one at its explained output, and zero elsewhere."""
    picked = torch.zeros_like(output).reshape(len(output), -1)
    places = np.array([t if isinstance(t, tuple) else (t,) for t in targets]).T
    flat = np.ravel_multi_index(tuple(places), output.shape[1:]) if len(places) else 0
    picked[torch.arange(len(output)), torch.as_tensor(flat)] = 1
    return picked


@dataclass(eq=False)
class Batches:
    """The inputs of a network in batches that run together, or one by one where they cannot.

    Attributes:
        first: the map at the first input.
        x: all inputs, shape (n, *input).
        together: whether batches are right, as far as has been seen.
        scale: deviations of the input, shape (1, *input), in its dtype; None where there is none.
        tested: whether a batch has been compared with single inputs.
    """

    first: Linearization
    x: Float[Tensor, "n ..."]
    scale: Float[Tensor, "1 ..."] | None = None
    together: bool = True
    tested: bool = False

    @staticmethod
    def of(
        model: Model,
        xs: Float[Tensor, "n ..."] | np.ndarray,
        rule: RuleChoice,
        forward: Forward | None,
        precision: Precision,
        baseline: Baseline,
        scale: object = None,
    ) -> "Batches":
        """Check inputs and baseline, and find the map at the first input; see `linearize_many`."""
        if len(xs) < 1:
            raise InvalidInputError("there are no inputs: give at least one, shape (n, *input)")
        points = torch.as_tensor(np.asarray(xs)) if isinstance(xs, np.ndarray) else xs.detach()
        given = read_scale(scale, points[:1].double())
        if isinstance(baseline, str) and baseline == "mean" and given is not None:
            baseline = given.mean
        if isinstance(baseline, str) and baseline not in ("zero", "auto"):
            raise InvalidInputError(
                f"baseline={baseline!r} is another one for each input: give 'zero', or a tensor "
                "for all, such as the mean of the data"
            )
        start: Baseline = "zero" if isinstance(baseline, str) else baseline
        first = linearize(model, xs[:1], rule, forward=forward, precision=precision, baseline=start)
        points = points.to(first.x)
        if not bool(points.isfinite().all()):
            row = int((~points.flatten(1).isfinite().all(1)).nonzero()[0])
            raise InvalidInputError(f"input {row} holds NaN or infinite values: clean it first")
        return Batches(first, points, None if given is None else given.deviation.to(first.x))

    def split(self, size: int, progress: Progress) -> Iterator[Batch]:
        """Yield the inputs in batches of a size, tested at the first; else one by one."""
        done = 0
        for chunk in self.x.split(max(size, 1)):
            batch = self._batch(chunk) if self.together and len(chunk) > 1 else None
            for each in self._alone(chunk) if batch is None else (batch,):
                yield each
                done += len(each.x)
                progress("inputs", done, len(self.x))

    def _alone(self, chunk: Float[Tensor, "B ..."]) -> Iterator[Batch]:
        for x in chunk.split(1):
            lin = at_input(self.first, x)
            yield Batch(lin.network, x, lin.baseline_output, lin.baseline)

    def _batch(self, chunk: Float[Tensor, "B ..."]) -> Batch | None:
        """Return a batch, or None, from then on, where samples disturb each other."""
        lin = self.first
        try:
            network, start = lin.network, None
            if lin.baseline is not None:
                network, start = batch_from_baseline(lin, lin.baseline, chunk)
            batch = Batch(network, chunk, start, lin.baseline)
            self.together = self._agrees(batch)
        except Exception as fault:  # a fixed batch size, or a rule for one sample at a time
            if out_of_memory(fault):
                raise
            self.together = False
        return batch if self.together else None

    def _agrees(self, batch: Batch) -> bool:
        """Compare an input of each batch with itself alone: in the first its slopes too."""
        lin, jacobian, bound = self.first, batch.jacobian, _ROUNDING[self.first.x.dtype]
        with torch.no_grad():
            alone = lin.at_x.network(batch.x[-1:])[0]
        near = _near(jacobian.value[-1], alone, bound)
        if self.tested or not near:
            return near
        self.tested = True
        w = torch.linspace(-1, 1, jacobian.shape[0]).to(lin.x)[None]
        pulled = jacobian.pull(w.expand(len(batch.x), -1))[0]
        return not jacobian.mixes and _near(pulled, lin.jacobian.pull(w)[0], bound)


def _near(value: Tensor, other: Tensor, bound: float) -> bool:
    return float((value - other).norm()) <= bound * float(other.norm())


def maps_of(batch: Batch, target: Target) -> LinearMaps:
    """Return the maps of one batch."""
    jacobian = batch.jacobian
    targets = targets_of(jacobian.value, target)
    cotangents = cotangents_of(jacobian.value, targets)
    picked = (jacobian.value.reshape(len(batch.x), -1).double() * cotangents.double()).sum(1)
    bias = torch.zeros_like(picked)
    if batch.start is not None:
        bias = (batch.start.reshape(1, -1).double() * cotangents.double()).sum(1)
    slopes = jacobian.pull(cotangents).reshape(batch.x.shape)
    maps = LinearMaps(batch.x, targets, picked, slopes, bias, batch.baseline, None, "", True)
    return maps if batch.start is not None else replace(maps, bias=picked - maps.linear)


def joined(parts: Sequence[LinearMaps], batches: Batches) -> LinearMaps:
    """Put the maps of all batches together."""
    first = batches.first
    return LinearMaps(
        x=batches.x,
        targets=tuple(target for part in parts for target in part.targets),
        output=torch.cat([part.output for part in parts]),
        slopes=torch.cat([part.slopes for part in parts]),
        bias=torch.cat([part.bias for part in parts]),
        baseline=first.baseline,
        baseline_name=first.baseline_name,
        exactness=first.exactness,
        together=batches.together,
    )
