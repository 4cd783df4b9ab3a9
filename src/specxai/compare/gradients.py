"""The methods that differentiate: gradients, their products and averages, by Captum."""

import torch
from torch import Tensor

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import attribute_by, captum_attr

# A batch of samples that the averaging methods run at a time.
_BATCH = 8
# Standard deviation of SmoothGrad's noise, in parts of the input's range: its authors' choice.
_NOISE = 0.15


def gradient_methods(fast: bool = False) -> tuple[Method, ...]:
    """Return gradient, gradient × input, SmoothGrad and integrated gradients.

    Args:
        fast: fewer samples for those that average.
    """
    draws, steps = (8, 16) if fast else (32, 256)

    def smooth(instance: Instance) -> Tensor:
        return _smooth_gradient(instance, draws)

    def integrated(instance: Instance) -> Tensor:
        return _integrated_gradients(instance, steps)

    noise = f"{draws} inputs with noise of {_NOISE:.0%} of their range"
    return (
        Method("gradient", _gradient, "", "∂y/∂x"),
        Method("gradient × input", _gradient_input, "u·x", "∂y/∂x ⊙ x; no biases"),
        Method("SmoothGrad", smooth, "", f"∂y/∂x averaged over {noise}"),
        Method(
            "integrated gradients",
            integrated,
            "y − y₀",
            f"∂y/∂x averaged over {steps} steps from the baseline to x, times the difference; the "
            "error is that of the steps",
        ),
    )


def _gradient(instance: Instance) -> Tensor:
    return attribute_by(captum_attr().Saliency(instance.model), instance, abs=False)


def _gradient_input(instance: Instance) -> Tensor:
    return attribute_by(captum_attr().InputXGradient(instance.model), instance)


def _smooth_gradient(instance: Instance, draws: int) -> Tensor:
    """Average gradients; the noise is normal."""
    tunnel = captum_attr().NoiseTunnel(captum_attr().Saliency(instance.model))
    spread = _NOISE * float(instance.x.max() - instance.x.min())
    with torch.random.fork_rng():
        torch.manual_seed(instance.seed)
        return attribute_by(
            tunnel,
            instance,
            nt_samples=draws,
            nt_samples_batch_size=_BATCH,
            stdevs=spread,
            abs=False,
        )


def _integrated_gradients(instance: Instance, steps: int) -> Tensor:
    method = captum_attr().IntegratedGradients(instance.model)
    return attribute_by(
        method, instance, baselines=instance.baseline, n_steps=steps, internal_batch_size=_BATCH
    )
