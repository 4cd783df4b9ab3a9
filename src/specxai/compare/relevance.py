"""Layer-wise relevance propagation, by Captum, where it can take the network."""

from copy import deepcopy

from torch import Tensor, nn

from specxai.affine import Linearization, linearize
from specxai.affine.tracing.network import parse_address
from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr, captum_refusals
from specxai.errors import UnsupportedOperationError

# Relevance is conserved: a sum so much larger than the output is none.
_EXPLODED = 1e3

# Functions through which relevance goes as gradients go; Captum has rules for modules only.
_SAME = frozenset(
    "flatten reshape view squeeze unsqueeze permute transpose contiguous clone cat relu "
    "dropout".split()
)

# Modules of this kind only hand on their input, and Captum has no rule for them.
_HANDS_ON = (nn.Flatten, nn.Unflatten, nn.Identity, nn.Dropout2d)


def relevance_method() -> Method:
    """Return LRP with the rules that Captum gives each kind of module."""
    about = "Captum's default rule for each module: ε, with ε = 1e-9; what biases take is lost"
    return Method("LRP", _relevance, "y", about)


def _relevance(instance: Instance) -> Tensor:
    """Propagate relevance through a copy, because Captum writes rules and hooks into modules."""
    attr = captum_attr()
    with instance.passes.by_hand():  # a check, no part of the method
        _check_modules(linearize(instance.model, instance.x))
    with captum_refusals("LRP"):
        model = _copy(instance.model)
        with instance.passes.watch(model):
            x = instance.x.detach().clone().requires_grad_()
            relevance: Tensor = attr.LRP(model).attribute(x, target=instance.target).detach()
    output = float(model(instance.x.clone())[0, instance.target].detach())
    total = float(relevance.sum())
    if not abs(total) <= _EXPLODED * abs(output):
        raise UnsupportedOperationError(
            f"LRP explodes: relevance adds up to {total:.1e}, where y is {output:.3g}"
        )
    return relevance


def _check_modules(lin: Linearization) -> None:
    """Refuse a network that Captum's LRP would take, and attribute wrongly."""
    leaves = {name for name, module in lin.model.named_modules() if not any(module.children())}
    for layer in lin.layers:
        path, call = parse_address(layer.address)
        if call > 1 and path in leaves:
            raise UnsupportedOperationError(
                f"Captum's LRP keeps one rule and one input a module, and {path} runs several times"
            )
    for site in lin.sites:
        if (site.module not in leaves or not site.module) and site.operation not in _SAME:
            raise UnsupportedOperationError(
                f"Captum's LRP has rules for modules, and {site.module or 'the network'} calls "
                f"{site.operation} as a function: relevance would not be conserved there"
            )


def _copy(model: nn.Module) -> nn.Module:
    """Copy a network, with modules that leave their input as it was: Captum reads it later."""
    from captum.attr._utils.lrp_rules import EpsilonRule

    copied = deepcopy(model)
    for module in copied.modules():
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010, not known to every module
        if isinstance(module, _HANDS_ON):
            setattr(module, "rule", EpsilonRule())  # noqa: B010, a name of Captum's
    return copied
