"""KernelSHAP on superpixels: Captum's sampling and regression."""

import torch
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr, captum_refusals
from specxai.compare.superpixels import require_segments, segments, shared_out


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
    kernel_shap = captum_attr().KernelShap(instance.model)
    with torch.random.fork_rng(), torch.no_grad(), captum_refusals("KernelSHAP"):
        torch.manual_seed(instance.seed)
        spread: Tensor = kernel_shap.attribute(
            instance.x.clone(),
            baselines=instance.baseline,
            target=instance.target,
            feature_mask=mask[None, None].expand_as(instance.x),
            n_samples=samples,
            perturbations_per_eval=16,
        )
    return shared_out(spread, mask)


def _change(instance: Instance) -> Tensor:
    """Return y − y₀, the Shapley value of a segment that is the whole picture."""
    with torch.no_grad():
        ends: Tensor = instance.model(torch.cat([instance.baseline, instance.x]))
    return (ends[1] - ends[0])[instance.target]
