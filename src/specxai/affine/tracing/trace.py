"""What one forward pass does to its input, and where all its paths cross."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine.tracing.baseline.reference import Reference
from specxai.affine.tracing.conventions import Conventions
from specxai.affine.tracing.graph import count_paths
from specxai.affine.tracing.interpreter import Address
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.operations import depends
from specxai.affine.tracing.recorder import Layer, LayerTracker, Recorder, Site
from specxai.affine.tracing.rules import Rule


@dataclass(frozen=True)
class Trace:
    """What one forward pass did.

    Attributes:
        output: the model's output, detached.
        depends: whether the output depends on the input.
        sites: every operation call on the input's path, in order.
        layers: every module call, in the order in which the calls returned.
        plan: the rule for each call that needs one.
        left_out: what casts on the input's path would have gone to, if the plan had not left them
            out.
        pull: the vector-Jacobian product of the pass, as long as somebody holds it.
    """

    output: Any
    depends: bool
    sites: tuple[Site, ...]
    layers: tuple[Layer, ...]
    plan: dict[Address, Rule]
    left_out: frozenset[torch.dtype]
    pull: Callable[[Tensor], Tensor]


def trace(
    network: Network,
    conventions: Conventions,
    x: Float[Tensor, "B ..."],
    widen: bool = True,
    reference: Reference | None = None,
) -> Trace:
    """Run the model once and record what it does to its input.

    Args:
        network: the network, in eval mode.
        conventions: which rule to plan for operations that are not piecewise linear.
        x: one input, or several that run together.
        widen: whether to plan that casts to fewer digits than x has are left out.
        reference: the run at a baseline, to be taken down or to be compared with.

    Returns:
        The output, the operation calls, the layer calls, and the rules to use from now on.
    """
    recorder = Recorder(network.root, conventions, x.dtype if widen else None, reference)
    leaf = x.detach().requires_grad_()
    with torch.enable_grad(), recorder:
        output = network.untouched(leaf)
    layers = recorder.layers(output) if isinstance(output, Tensor) else ()
    return Trace(
        output.detach() if isinstance(output, Tensor) else output,
        depends(output),
        tuple(recorder.hidden_sites(output) + recorder.sites),
        tuple(layers),
        recorder.rules,
        frozenset(recorder.left_out),
        lambda w: torch.autograd.grad(output, leaf, w, retain_graph=True)[0],
    )


def all_paths_cross(network: Network, layers: Sequence[str], x: Float[Tensor, "1 ..."]) -> bool:
    """Tell whether every path from the input to the output crosses one of some layers."""
    tracker = LayerTracker(network.root, network.plan)
    with torch.enable_grad(), tracker:
        output = network.untouched(x.detach().requires_grad_())
    edges = {address: edge for address, *_, edge in tracker.returned}
    return count_paths(output, {edge for layer in layers if (edge := edges[layer])}).total == 0
