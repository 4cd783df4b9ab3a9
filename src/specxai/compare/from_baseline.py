"""Our map from the baseline as a whole, without components: all of u ⊙ (x − x₀)."""

from functools import partial

from torch import Tensor

from specxai.affine import Forward, linearize, select_target
from specxai.compare.attribution import Instance, Method
from specxai.errors import UnsupportedOperationError

# Standard deviation of the copies' noise, in parts of that of x.
NOISE = 0.15


def copies(fast: bool) -> int:
    """Return how many noisy copies of x a map is averaged over."""
    return 4 if fast else 8


def from_baseline_methods(fast: bool = False) -> tuple[Method, ...]:
    """Return the map from the baseline, its average over noisy copies, and that of a contrast.

    Args:
        fast: fewer copies.
    """
    total = "u ⊙ (x − x₀), u the affine map through the outputs at the baseline and at x"
    averaged = f"averaged over {copies(fast)} inputs with noise of {NOISE:.0%} of x's deviation"
    return (
        Method("specxai from the baseline, total", _total, "y − y₀", total),
        Method(
            "specxai from the baseline, averaged",
            partial(_total, average=copies(fast)),
            "y − y₀",
            f"{total}, {averaged} and made exact at x again",
        ),
        Method(
            "specxai from the baseline, contrast",
            _contrast,
            "Δ − Δ₀",
            f"{total}, of Δ, what the output is above the one that it is set against: at x the "
            "largest of the others",
        ),
    )


def _total(instance: Instance, average: int = 1) -> Tensor:
    return _map(instance, instance.target, average)


def _contrast(instance: Instance) -> Tensor:
    if instance.contrast is None:
        raise UnsupportedOperationError("a contrast needs a second output to be set against")
    return _map(instance, 0, forward=instance.contrast)


def _map(
    instance: Instance, target: int, average: int = 1, forward: Forward | None = None
) -> Tensor:
    """Return u ⊙ (x − x₀) by one product, pulled back through each copy that is averaged."""
    lin = linearize(
        instance.model,
        instance.x,
        forward=forward,
        baseline=instance.baseline,
        average=average,
        noise=NOISE,
        seed=instance.seed,
    )
    u = lin.vjp(select_target(lin.output, target))
    instance.passes.backward += average  # what is recorded is pulled back where no call is seen
    return u * lin.displacement
