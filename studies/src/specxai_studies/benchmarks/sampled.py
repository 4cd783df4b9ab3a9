"""The attributions by samples that a map from a baseline is measured beside."""

import torch
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import captum_attr, captum_refusals
from specxai.compare.lime import lime_method
from specxai.errors import UnsupportedOperationError

# The method whose time is the unit of all others.
UNIT = "integrated gradients, 64 steps"
# A batch of samples that every one of them runs at a time.
_BATCH = 8


def sampled_methods(fast: bool = False) -> tuple[Method, ...]:
    """Return integrated gradients of two accuracies, LIME and SHAP's expected gradients.

    Args:
        fast: a few samples each, under the same names: for tests of what measures them.
    """
    few, many, draws = (2, 4, 4) if fast else (64, 256, 200)
    about = "one baseline, random places on the way from it to x"
    return (
        _integrated(UNIT, few),
        _integrated("integrated gradients, 256 steps", many),
        lime_method(fast),
        Method("SHAP GradientExplainer", lambda i: _expected(i, draws), "y − y₀", about),
    )


def _integrated(name: str, steps: int) -> Method:
    def values(instance: Instance) -> Tensor:
        method = captum_attr().IntegratedGradients(instance.model)
        with captum_refusals(name):
            attributions: Tensor = method.attribute(
                instance.x.clone(),
                baselines=instance.baseline,
                target=instance.target,
                n_steps=steps,
                internal_batch_size=_BATCH,
            )
        return attributions.detach()

    return Method(name, values, "y − y₀", f"{steps} steps")


def _expected(instance: Instance, draws: int) -> Tensor:
    """Explain the winning class by the samples that SHAP takes where nothing else is said."""
    try:
        from shap import GradientExplainer
    except ImportError as error:
        raise UnsupportedOperationError(
            "shap is not installed: pip install 'specxai-studies[bench]'"
        ) from error
    explainer = GradientExplainer(instance.model, instance.baseline, batch_size=_BATCH)
    values, _ = explainer.shap_values(
        instance.x, nsamples=draws, ranked_outputs=1, rseed=instance.seed
    )
    return torch.as_tensor(values)[..., 0]
