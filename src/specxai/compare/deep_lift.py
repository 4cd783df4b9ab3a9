"""DeepLIFT, by Captum, where what it gives adds up."""

import warnings

import torch
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import attribute_by, captum_attr
from specxai.compare.own_copy import own_copy
from specxai.errors import UnsupportedOperationError

# How far the sum may be from y − y₀, as a share of it; and what float32 adds, as one of |y| + |y₀|.
_OFF, _ROUNDING = 1e-2, 1e-4


def deep_lift_method() -> Method:
    """Return DeepLIFT with the Rescale rule (Shrikumar et al. 2017)."""
    about = (
        "Rescale: each activation module's slope is that between its values at the baseline and "
        "at x; refused where the sum is off by more than 1 %, because Captum lets functions, "
        "modules it has no rule for and overlapping pools pass with their gradients"
    )
    return Method("DeepLIFT", _deep_lift, "y − y₀", about)


def _deep_lift(instance: Instance) -> Tensor:
    """Attribute through a copy, because Captum hangs values and hooks on modules."""
    model = own_copy(instance.model)
    with instance.passes.watch(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its hooks
        method = captum_attr().DeepLift(model)
        values = attribute_by(method, instance, baselines=instance.baseline)
    _check_sum(float(values.double().sum()), *_outputs(instance))
    return values


def _outputs(instance: Instance) -> tuple[float, float]:
    """Return y and y₀; they are a check, no part of the method."""
    with instance.passes.by_hand(), torch.no_grad():
        ends = (instance.model(each.clone()) for each in (instance.x, instance.baseline))
        y, start = (float(end[0, instance.target]) for end in ends)
    return y, start


def _check_sum(total: float, y: float, start: float) -> None:
    """Refuse what Captum attributes wrongly without a word."""
    change = y - start
    if not abs(total - change) <= _OFF * abs(change) + _ROUNDING * (abs(y) + abs(start)):
        raise UnsupportedOperationError(
            f"Captum's DeepLIFT adds up to {total:.4g}, where y − y₀ is {change:.4g}: the "
            "network has functions, modules without a rule, or pools that overlap"
        )
