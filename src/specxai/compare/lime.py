"""LIME on superpixels: Captum's sampling, scikit-image's segments, a ridge regression."""

from importlib.util import find_spec

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr, captum_refusals
from specxai.errors import MissingExtraError


def lime_method(fast: bool = False) -> Method:
    """Return LIME on the segments of Felzenszwalb and Huttenlocher.

    Args:
        fast: fewer samples.

    Raises:
        MissingExtraError: scikit-image or scikit-learn is not installed.
    """
    if not (find_spec("skimage") and find_spec("sklearn")):
        raise MissingExtraError("LIME", "compare")
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
    # Every pixel of a segment has the segment's whole weight: share it out.
    sizes = torch.bincount(mask.flatten())[mask]
    return (spread[:, :1] / sizes).detach()


def segments(x: Tensor) -> Int[Tensor, "H W"]:
    """Segment a picture by the graph of its pixels (Felzenszwalb and Huttenlocher).

    Args:
        x: the input, shape (1, C, H, W), in any unit; it is scaled to 0 … 1.

    Returns:
        The number of each pixel's segment, from 0, int64.
    """
    from skimage.segmentation import felzenszwalb

    picture = x[0].detach().double().cpu().permute(1, 2, 0).numpy()
    low, high = picture.min(), picture.max()
    scaled = (picture - low) / (high - low or 1.0)
    labels = felzenszwalb(
        scaled, scale=200, sigma=0.8, min_size=max(20, picture[..., 0].size // 400)
    )
    return torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(x.device)
