"""Layer-wise relevance propagation, by Captum, where it can take the network."""

from torch import Tensor, nn

from specxai.affine import linearize
from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr, captum_refusals
from specxai.compare.module_rules import check_modules, check_size
from specxai.compare.own_copy import own_copy

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
        check_modules(linearize(instance.model, instance.x), "Captum's LRP")
    with captum_refusals("LRP"):
        model = _copy(instance.model)
        with instance.passes.watch(model):
            x = instance.x.detach().clone().requires_grad_()
            relevance: Tensor = attr.LRP(model).attribute(x, target=instance.target).detach()
    output = float(model(instance.x.clone())[0, instance.target].detach())
    check_size(relevance, output)
    return relevance


def _copy(model: nn.Module) -> nn.Module:
    """Copy a network, and give the modules a rule that only hand on their input."""
    from captum.attr._utils.lrp_rules import EpsilonRule

    copied = own_copy(model)
    for module in copied.modules():
        if isinstance(module, _HANDS_ON):
            setattr(module, "rule", EpsilonRule())  # noqa: B010, a name of Captum's
    return copied
