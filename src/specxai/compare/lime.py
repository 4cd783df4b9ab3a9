"""LIME on superpixels: Captum's sampling, a ridge regression."""

from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr
from specxai.compare.superpixels import fit_segments, require_segments, segments


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
    return fit_segments(lime, "LIME", instance, segments(instance.x), samples)
