"""How the leading components of one input change from layer to layer (the paper's Figures 6, 7)."""

import logging
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import (
    Baseline,
    Forward,
    Inputs,
    Layers,
    Linearization,
    Model,
    Precision,
    RuleChoice,
    Target,
    linearize,
)
from specxai.affine.layers import bent_layers, cut_layers
from specxai.errors import InvalidInputError, LayerError
from specxai.presentation import Drawn, counted, in_lines
from specxai.progress import Progress, silent
from specxai.spectral import Auto, Exact, Krylov, Method, Solver, explain_at, read_method
from specxai.spectral.records.contraction import Contraction, contract
from specxai.spectral.svd.krylov import Goal
from specxai.survey.alignment import Alignment, align
from specxai.survey.layer_spectrum import LayerSpectrum, measure_layer

_log = logging.getLogger("specxai")

# So many layers are told in a text.
_TOLD = 6
# What a run without options may take: this long by the exact method at all layers together, and
# at each of the other layers so many products with R and with its transpose.
MINUTE = 60.0
FEW_PRODUCTS = 100
# Vectors to this accuracy look the same, and their angles are known to half a degree.
TOLERANCE = 1e-2
QUICK = Auto(krylov=Krylov(tol=TOLERANCE, products=FEW_PRODUCTS), seconds=MINUTE)


@dataclass(frozen=True, eq=False)
class Evolution(Drawn):
    """One output of a network at one input, decomposed at several layers.

    Attributes:
        model: name of the model, its class unless it was given another.
        exactness: ``canonical``, or the conventions that the affine map needed.
        x: the input, shape (1, *input).
        target: position of the explained output.
        by: what leading components lead in: σ, or |α|.
        layers: the layers, in the order of their calls.
        alignments: of each layer to the next, one fewer.
        displacement: what the map multiplies: x, or x − x₀ from a baseline, shape of x.
    """

    model: str
    exactness: str
    x: Float[Tensor, "1 ..."] = field(repr=False)
    target: Target
    by: Goal
    layers: tuple[LayerSpectrum, ...]
    alignments: tuple[Alignment, ...]
    displacement: Float[Tensor, "1 ..."] = field(repr=False)

    def __repr__(self) -> str:
        rows = [
            (
                each.layer,
                f"r = {each.rank:,}",
                f"σ = {float(each.singular_values[each.first]):.4g}",
                f"α = {float(each.contributions[each.first]):+.4g}",
            )
            for each in self.layers[:_TOLD]
        ]
        if more := len(self.layers) - len(rows):
            rows.append((counted(more, "other"), "", "", ""))
        what = "σ" if self.by == "singular_value" else "|α|"
        where = f"output {self.target} at {counted(len(self.layers), 'layer')}"
        leads = f"the component of largest {what} at each"
        return in_lines(f"Evolution of {self.model}: {where}; {leads}", rows)

    def heatmaps(
        self, how: Contraction = "product", dim: int | None = 1
    ) -> Float[Tensor, "layers ..."]:
        """Return the heat map of every layer's first vector (23).

        Args:
            how: ``product``, φ ⊙ x summed over a dimension, or ``mean``, the average of φ.
            dim: dimension of x to contract, counted with the batch dimension; None for none.

        Returns:
            One map each, shape (layers, *input without dim).
        """
        first = torch.stack([layer.right_vectors[0] for layer in self.layers])
        return contract(first, self.displacement, how, dim)


def evolve(
    model: Model,
    x: Inputs,
    layers: Layers = None,
    target: Target = None,
    n: int = 3,
    *,
    rule: RuleChoice = "tangent",
    wrt: int | str | None = None,
    forward: Forward | None = None,
    precision: Precision = "native",
    method: Method = "auto",
    by: Goal | None = None,
    memory: int | str | None = None,
    progress: Progress = silent,
    baseline: Baseline = None,
    scale: object = None,
) -> Evolution:
    """Follow the components of one input through the layers of a network (17–20).

    The network is linearized once. At each layer R is decomposed as `specxai.explain` does it,
    and the leading right vectors are compared with those of the layer before.

    Args:
        model: an nn.Module in eval mode, or a loaded network; see `specxai.explain`.
        x: one input with its batch dimension, shape (1, *input), or a tuple or dict of arguments.
        layers: modules or addresses, as ``specxai layers`` lists them, in any order. None takes up
            to 8 activations that all paths cross, evenly spread from the first to the last.
        target: output that contributions are to; None takes the largest of a (1, C) output.
        n: how many leading vectors of each layer are kept and compared.
        rule: how operations that are not piecewise linear become affine; see `specxai.explain`.
        wrt: which argument to explain, by position or name; see `specxai.linearize`.
        forward: calls the model and returns the tensor to explain; see `specxai.linearize`.
        precision: ``native`` computes in the model's dtype, ``double`` in float64.
        method: ``exact`` computes every component; ``krylov`` the leading ones, by products;
            ``auto``, for each layer, the exact ones where they fit in memory and in time: by these
            names a minute at all layers together, and 100 products at each of the others. Or one
            of `specxai.Exact`, `Krylov` and `Auto`, whose ``seconds`` are of all layers.
        by: what components lead in: ``singular_value`` (σ) or ``contribution`` (|α|); None takes
            what the method looks for, σ where it finds all.
        memory: bytes, or text such as ``2GiB``, that may be taken beside the model; None for what
            is free.
        progress: called with a stage's name, the work done and the work in all.
        baseline: x₀, from which the map leads to x; see `specxai.explain`.
        scale: how much each value of the input varies; see `specxai.explain`.

    Returns:
        Spectrum, ranks, shares and leading vectors of each layer, and the alignment of successive
        ones.

    Raises:
        InvalidInputError: n is not positive.
        LayerError: a layer cannot be split at, has no active unit, or no component converged at
            any; where some did, the layers where none did are left out, with a warning.
        SpecxaiError: see `specxai.explain`.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> evolution = evolve(net.eval(), torch.ones(1, 3), ["0", "1"])
    >>> [layer.rank for layer in evolution.layers]
    [3, 1]
    """
    solver = read_method(method, QUICK)
    lin = linearize(
        model,
        x,
        rule,
        wrt=wrt,
        forward=forward,
        precision=precision,
        baseline=baseline,
        scale=scale,
    )
    return evolve_at(lin, layers, target, n, solver, by, memory, progress)


def evolve_at(
    lin: Linearization,
    layers: Layers = None,
    target: Target = None,
    n: int = 3,
    method: Method = "auto",
    by: Goal | None = None,
    memory: int | str | None = None,
    progress: Progress = silent,
) -> Evolution:
    """Follow the components of a network that is linearized already; see `evolve`.

    Of the seconds of `Auto` each layer may take an equal share of what those before it have left.
    """
    if n < 1:
        raise InvalidInputError(f"n={n}: keep at least 1 vector of each layer")
    solver, wanted = _wanted(read_method(method, QUICK), n, by)
    spectra, left = [], solver.seconds if isinstance(solver, Auto) else 0.0
    addresses = lin.addresses(layers) or choose_layers(lin)
    for number, layer in enumerate(addresses):

        def report(stage: str, done: int, total: int, layer: str = layer) -> None:
            progress(f"{layer}: {stage}", done, total)

        if isinstance(solver, Auto):
            solver = replace(solver, seconds=max(left, 0.0) / (len(addresses) - number))
        begun = time.perf_counter()
        explanation = explain_at(lin, layer, target, solver, memory, report)
        # Products are few: what they take is not taken from the exact method's time.
        left -= time.perf_counter() - begun if explanation.method == "exact" else 0.0
        target = explanation.target
        try:
            spectra.append(measure_layer(explanation, n, wanted.n_components, wanted.by))
        except LayerError as fault:  # what was found elsewhere is not lost for it
            if number == len(addresses) - 1 and not spectra:
                raise
            _log.warning("left out: %s", fault)
    aligned = [align(a.directions, b.directions) for a, b in pairwise(spectra)]
    name = type(lin.model).__name__
    found = tuple(spectra), tuple(aligned)
    return Evolution(name, lin.exactness, lin.x, target, wanted.by, *found, lin.displacement)


def _wanted(solver: Solver, n: int, by: Goal | None) -> tuple[Solver, Krylov]:
    """Return a solver that finds n vectors at least, and which components are compared."""
    if isinstance(solver, Exact):
        return solver, Krylov(max(n, QUICK.krylov.n_components), by or QUICK.krylov.by)
    krylov = solver if isinstance(solver, Krylov) else solver.krylov
    krylov = replace(krylov, n_components=max(n, krylov.n_components), by=by or krylov.by)
    return (krylov if isinstance(solver, Krylov) else replace(solver, krylov=krylov)), krylov


def choose_layers(lin: Linearization, most: int = 8) -> tuple[str, ...]:
    """Choose layers to follow a network by: spread evenly from the first to the last.

    The choice is among the calls that all paths cross (16), before the output, of modules that
    themselves call something not affine, such as an activation; of all modules if there is none.

    Args:
        lin: the network as an affine map.
        most: how many layers at most.

    Returns:
        Their addresses, in the order of the calls.

    Raises:
        LayerError: there is no such call.
    """
    cuts = cut_layers(lin)
    while cuts and cuts[-1].shape == lin.output.shape:  # the output itself
        cuts.pop()
    chosen = bent_layers(lin, cuts)
    if not chosen:
        raise LayerError("no layer lies on all paths from input to output: name the layers")
    last, count = len(chosen) - 1, min(most, len(chosen))
    positions = [round(last * k / max(count - 1, 1)) for k in range(count)]
    return tuple(chosen[position].address for position in positions)
