"""Layer-wise relevance propagation by Zennit, an optional package under the LGPL."""

from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from specxai.affine import Linearization, linearize
from specxai.affine.target import select_target
from specxai.compare.attribution import Instance, Method
from specxai.compare.module_rules import check_modules, check_size, leaf_modules
from specxai.compare.own_copy import own_copy
from specxai.compare.refusals import refusals_of
from specxai.errors import MissingExtraError, UnsupportedOperationError

_NAME = "Zennit's LRP"
# How far batch norms that were merged into convolutions may change the output, as a share of the
# largest.
_ROUNDING = 1e-3
# Modules without a rule, through which relevance goes as gradients go.
_HANDS_ON = (
    nn.Flatten,
    nn.Unflatten,
    nn.Identity,
    nn.Dropout,
    nn.Dropout2d,
    nn.MaxPool2d,
    nn.AdaptiveMaxPool2d,
)


def zennit_method() -> Method:
    """Return LRP with the rules that Zennit's authors advise for convolutional networks."""
    # What is installed is part of what is computed: a refusal that is kept is not taken for the
    # result of the package that came later.
    about = (
        f"EpsilonPlusFlat by {_package()}: ε = 1e-6 for linear layers, z⁺ for convolutions, flat "
        "for the first; batch norms are merged into the layers before them, and the sums of "
        "torchvision's residual blocks get a rule; what biases take is lost"
    )
    return Method("LRP by Zennit", _relevance, "y", about)


def _relevance(instance: Instance) -> Tensor:
    """Propagate relevance through a copy, for Zennit changes modules and hangs hooks on them."""
    composite, canonizer, activation = _rules()
    with refusals_of(f"{_NAME}, which merges batch norms into the layers before them,"):
        model = _canonical(instance, canonizer)
    lin = linearize(model, instance.x)
    check_modules(lin, _NAME, reusable=(activation,))
    _check_rules(lin, composite)
    with refusals_of(_NAME), composite.context(model), instance.passes.watch(model):
        x = instance.x.detach().clone().requires_grad_()
        y = model(x.clone())  # a copy, because a network may write into its input
        whole = select_target(y, instance.target) * y.detach()
        (relevance,) = torch.autograd.grad(y, x, whole)
    check_size(relevance, float(y[0, instance.target].detach()))
    return relevance


def _package() -> str:
    """Return the name and release of Zennit; it is imported here, so that no time holds it."""
    try:
        _rules()
    except MissingExtraError:
        return "Zennit, which is not installed"
    return f"Zennit {version('zennit')}"


def _rules() -> tuple[Any, Any, type]:
    """Return Zennit's rules, what makes networks fit for them, and its kind of activations.

    The rule of an activation hands relevance on as it is, so that the module may run again.
    """
    try:
        from zennit.composites import EpsilonPlusFlat
        from zennit.torchvision import ResNetCanonizer
        from zennit.types import Activation
    except ImportError as error:
        raise MissingExtraError("LRP by Zennit", "zennit") from error
    return EpsilonPlusFlat(), ResNetCanonizer(), Activation


def _canonical(instance: Instance, canonizer: Any) -> nn.Module:
    """Return a copy with batch norms merged and the same output.

    Raises:
        UnsupportedOperationError: merging changes the output.
    """
    model = own_copy(instance.model)
    for applied in canonizer.apply(model):
        if hasattr(applied, "batch_norm"):
            applied.batch_norm.eps = 0.0  # some releases leave it, and scale by 1 / √(1 + ε)
    model.eval()  # the sums that were put in are new modules
    with instance.passes.by_hand(), torch.no_grad():
        before, after = (each(instance.x.clone()) for each in (instance.model, model))
    if not float((after - before).abs().max()) <= _ROUNDING * float(before.abs().max()):
        raise UnsupportedOperationError(
            f"{_NAME} merges batch norms into the layers before them, and here that changes the "
            "output: they do not run in the order in which the modules are listed"
        )
    return model


def _check_rules(lin: Linearization, composite: Any) -> None:
    """Refuse modules that have no rule: relevance would go through them as gradients do."""
    leaves = leaf_modules(lin.model)
    for path in dict.fromkeys(site.module for site in lin.sites if site.module in leaves):
        module = leaves[path]
        ruled = composite.mapping({"first_layer_visited": True}, path, module) is not None
        if not ruled and not isinstance(module, _HANDS_ON):
            raise UnsupportedOperationError(
                f"{_NAME} has no rule for {path}, a {type(module).__name__}"
            )
