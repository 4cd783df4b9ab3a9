"""A picture in segments, for the methods that hide parts of it: scikit-image's segments."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.compare.attribution import Instance
from specxai.compare.captum import captum_refusals
from specxai.errors import MissingExtraError


def require_segments(method: str) -> None:
    """Say which extra is missing, where one is.

    Args:
        method: that needs it, as it stands in tables.

    Raises:
        MissingExtraError: scikit-image or scikit-learn is not installed.
    """
    if not (find_spec("skimage") and find_spec("sklearn")):
        raise MissingExtraError(method, "compare")


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


def fit_segments(
    method: Any, name: str, instance: Instance, mask: Int[Tensor, "H W"], samples: int
) -> Float[Tensor, "1 1 H W"]:
    """Fit the output as a sum over the segments that are not replaced by the baseline.

    Args:
        method: an object of ``captum.attr`` that draws pictures and regresses.
        name: of the method, as it stands in tables.
        instance: what is to be explained.
        mask: the number of each pixel's segment.
        samples: how many pictures are drawn.

    Returns:
        The weight of each segment, shared out to its pixels.

    Raises:
        UnsupportedOperationError: Captum cannot take the network.
    """
    with torch.random.fork_rng(), torch.no_grad(), captum_refusals(name):
        torch.manual_seed(instance.seed)
        spread: Tensor = method.attribute(
            instance.x.clone(),
            baselines=instance.baseline,
            target=instance.target,
            feature_mask=mask[None, None].expand_as(instance.x),
            n_samples=samples,
            perturbations_per_eval=16,
        )
    return _shared_out(spread, mask)


def _shared_out(
    weights: Float[Tensor, "1 C H W"], mask: Int[Tensor, "H W"]
) -> Float[Tensor, "1 1 H W"]:
    """Share the weight of each segment out to its pixels.

    Args:
        weights: of its segment at every value of the picture.
        mask: the number of each pixel's segment.
    """
    sizes = torch.bincount(mask.flatten())[mask]
    return (weights[:, :1] / sizes).detach()
