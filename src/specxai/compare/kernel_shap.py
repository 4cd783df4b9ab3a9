"""KernelSHAP on superpixels: Captum's sampling and regression."""

import torch
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr
from specxai.compare.superpixels import fit_segments, require_segments, segments


def kernel_shap_method(fast: bool = False) -> Method:
    """Return KernelSHAP (Lundberg and Lee 2017) on the segments that LIME takes.

    Args:
        fast: fewer samples.

    Raises:
        MissingExtraError: scikit-image or scikit-learn is not installed.
    """
    require_segments("KernelSHAP")
    samples = 256 if fast else 2048

    def values(instance: Instance) -> Tensor:
        return _kernel_shap(instance, samples)

    about = (
        f"Shapley values of the segments, by regression on {samples} pictures with some of them "
        "replaced by the baseline, as many as their kernel says, all and none weighing a million "
        "times more; a segment's value is shared out to its pixels"
    )
    return Method("KernelSHAP", values, "y − y₀", about)


def _kernel_shap(instance: Instance, samples: int) -> Tensor:
    """Fit the output as a sum over segments that is right where all are present, and none."""
    mask = segments(instance.x)
    if not mask.any():
        return _change(instance) / mask.numel() * torch.ones_like(instance.x[:, :1])
    method = captum_attr().KernelShap(instance.model)
    return fit_segments(method, "KernelSHAP", instance, mask, samples)


def _change(instance: Instance) -> Tensor:
    """Return y − y₀, the Shapley value of a segment that is the whole picture."""
    with torch.no_grad():
        ends: Tensor = instance.model(torch.cat([instance.baseline, instance.x]))
    return (ends[1] - ends[0])[instance.target]
