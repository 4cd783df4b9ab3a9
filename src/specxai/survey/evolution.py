"""How the leading components of one input change from layer to layer (the paper's Figures 6, 7)."""

import logging
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.affine import (
    Forward,
    Inputs,
    Layers,
    Linearization,
    Precision,
    RuleChoice,
    Target,
    linearize,
)
from specxai.errors import InvalidInputError, LayerError
from specxai.progress import Progress, silent
from specxai.spectral import Options, explain_at
from specxai.spectral.records.contraction import Contraction, contract
from specxai.spectral.svd.krylov import Goal
from specxai.spectral.svd.solver import Method
from specxai.survey.alignment import Alignment, align
from specxai.survey.depth import choose_layers
from specxai.survey.layer_spectrum import LayerSpectrum, condense

_log = logging.getLogger("specxai")

# What a run without options may take: this long by the exact method at all layers together, and
# at each of the other layers so many products with R and with its transpose.
MINUTE = 60.0
FEW_PRODUCTS = 100
# Vectors to this accuracy look the same, and their angles are known to half a degree.
TOLERANCE = 1e-2
QUICK = Options(tol=TOLERANCE, products=FEW_PRODUCTS, seconds=MINUTE)


@dataclass(frozen=True, eq=False)
class Evolution:
    """One output of a network at one input, decomposed at several layers.

    Attributes:
        model: name of the model, its class unless it was given another.
        exactness: ``canonical``, or the conventions that the affine map needed.
        x: the input, shape (1, *input).
        target: position of the explained output.
        by: what leading components lead in: σ, or |α|.
        layers: the layers, in the order of their calls.
        alignments: of each layer to the next, one fewer.
    """

    model: str
    exactness: str
    x: Float[Tensor, "1 ..."] = field(repr=False)
    target: Target
    by: Goal
    layers: tuple[LayerSpectrum, ...]
    alignments: tuple[Alignment, ...]

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
        return contract(first, self.x, how, dim)


def evolve(
    model: nn.Module,
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
    n_components: int = 8,
    by: Goal = "singular_value",
    tol: float = TOLERANCE,
    products: int = FEW_PRODUCTS,
    seed: int = 0,
    memory: int | str | None = None,
    scratch: Path | str | None = None,
    seconds: float = MINUTE,
    progress: Progress = silent,
) -> Evolution:
    """Follow the components of one input through the layers of a network (17–20).

    The network is linearized once. At each layer R is decomposed as `specxai.explain` does it,
    and the leading right vectors are compared with those of the layer before.

    Args:
        model: an nn.Module in eval mode.
        x: one input with its batch dimension, shape (1, *input), or a tuple or dict of arguments.
        layers: addresses, as ``specxai layers`` lists them, in any order. None takes up to 8
            activations that all paths cross, evenly spread from the first to the last.
        target: output that contributions are to; None takes the largest of a (1, C) output.
        n: how many leading vectors of each layer are kept and compared.
        rule: how operations that are not piecewise linear become affine; see `specxai.explain`.
        wrt: which argument to explain, by position or name; see `specxai.linearize`.
        forward: calls the model and returns the tensor to explain; see `specxai.linearize`.
        precision: ``native`` computes in the model's dtype, ``double`` in float64.
        method: ``exact`` computes every component; ``krylov`` the leading ones, by products;
            ``auto``, for each layer, the exact ones where they fit in memory and in time.
        n_components: how many components ``krylov`` looks for; at least n.
        by: what components lead in: ``singular_value`` (σ) or ``contribution`` (|α|).
        tol: largest accepted ‖R v − σ u‖ / σ of an iterative component.
        products: how many products with R, and as many with Rᵀ, ``krylov`` may make at a layer.
        seed: seed of its random directions.
        memory: bytes, or text such as ``2GiB``, that may be taken beside the model; None for what
            is free.
        scratch: a folder for rows that do not fit in memory; None keeps to memory.
        seconds: how long ``auto`` lets the exact method take, at all layers together.
        progress: called with a stage's name, the work done and the work in all.

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
    options = Options(method, n_components, by, tol, products, seed, memory, scratch, seconds)
    lin = linearize(model, x, rule, wrt=wrt, forward=forward, precision=precision)
    return evolve_at(lin, layers, target, n, options, progress)


def evolve_at(
    lin: Linearization,
    layers: Layers = None,
    target: Target = None,
    n: int = 3,
    options: Options = QUICK,
    progress: Progress = silent,
) -> Evolution:
    """Follow the components of a network that is linearized already; see `evolve`.

    Of ``options.seconds`` each layer may take an equal share of what those before it have left.
    """
    if n < 1:
        raise InvalidInputError(f"n={n}: keep at least 1 vector of each layer")
    options = replace(options, n_components=max(n, options.n_components))
    spectra, left = [], options.seconds
    addresses = lin.addresses(layers) or choose_layers(lin)
    for place, layer in enumerate(addresses):

        def report(stage: str, done: int, total: int, layer: str = layer) -> None:
            progress(f"{layer}: {stage}", done, total)

        shared = replace(options, seconds=max(left, 0.0) / (len(addresses) - place))
        begun = time.perf_counter()
        explanation = explain_at(lin, layer, target, shared, report)
        # Products are few: what they take is not taken from the exact method's time.
        left -= time.perf_counter() - begun if explanation.method == "exact" else 0.0
        target = explanation.target
        try:
            spectra.append(condense(explanation, n, options.n_components, options.by))
        except LayerError as fault:  # what was found elsewhere is not lost for it
            if place == len(addresses) - 1 and not spectra:
                raise
            _log.warning("left out: %s", fault)
    aligned = [align(a.right_vectors, b.right_vectors) for a, b in pairwise(spectra)]
    name = type(lin.model).__name__
    return Evolution(name, lin.exactness, lin.x, target, options.by, tuple(spectra), tuple(aligned))
