"""LIME on superpixels: Captum's sampling, a ridge regression."""

import torch
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr, captum_refusals
from specxai.compare.superpixels import require_segments, segments, shared_out


def lime_method(fast: bool = False) -> Method:
    """Return LIME on the segments of Felzenszwalb and Huttenlocher.

    Args:
        fast: fewer samples.

    Raises:
        MissingExtraError: scikit-image or scikit-learn is not installed.
    """
    require_segments("LIME")
    samples = 100 if fast else 1000

    def values(instance: Instance) -> Tensor:
        return _lime(instance, samples)

    about = (
        f"ridge regression on {samples} pictures with half of the segments replaced by the "
        "baseline, near ones weighing more; a segment's weight is shared out to its pixels"
    )
    return Method("LIME", values, "", about)


def _lime(instance: Instance, samples: int) -> Tensor:
    """Fit the output as a sum over segments that are present.

    Captum's own regressor is a Lasso, whose penalty turns small logits into zeros.
    """
    from captum._utils.models.linear_model import SkLearnRidge

    lime = captum_attr().Lime(instance.model, interpretable_model=SkLearnRidge(alpha=1e-3))
    mask = segments(instance.x)
    with torch.random.fork_rng(), torch.no_grad(), captum_refusals("LIME"):
        torch.manual_seed(instance.seed)
        spread: Tensor = lime.attribute(
            instance.x.clone(),
            baselines=instance.baseline,
            target=instance.target,
            feature_mask=mask[None, None].expand_as(instance.x),
            n_samples=samples,
            perturbations_per_eval=16,
        )
    return shared_out(spread, mask)
