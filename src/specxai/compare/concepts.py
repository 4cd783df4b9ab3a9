"""Concepts by non-negative factors of the last convolution, in the manner of CRAFT."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.compare.attribution import Instance, Method
from specxai.compare.cam import last_module, what_adds
from specxai.errors import MissingExtraError, UnsupportedOperationError

# How many concepts a picture is written in; CRAFT takes 10 to 25 for all pictures of a class.
_CONCEPTS = 8
# Below this share of the largest activation, a negative one is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Concepts:
    """What a convolution's output says, as a sum of a few directions of its channels.

    Attributes:
        presence: how much of each concept is at each place, shape (k, h, w); sums to 1 over places.
        importance: what each adds to the output, Σ gradient ⊙ its part of the activations,
            shape (k,).
    """

    presence: Float[Tensor, "k h w"]
    importance: Float[Tensor, " k"]


def concept_methods() -> tuple[Method, ...]:
    """Return the sum of all concepts and the leading one (after Fel et al. 2023).

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    _nmf()  # imported here, so that no method's time holds it
    about = (
        f"the last convolution's activations at all places as {_CONCEPTS} non-negative factors, "
        "each weighing what gradient × activation says of it (CRAFT: Sobol indices, factors of "
        "many pictures)"
    )
    return (
        Method("NMF concepts", _all, "", f"{about}; their sum, what adds, interpolated"),
        Method("leading NMF concept", _first, "", f"{about}; the heaviest, interpolated"),
    )


def find_concepts(instance: Instance, count: int = _CONCEPTS) -> Concepts:
    """Factor the last convolution's output into concepts, and weigh them.

    Args:
        instance: what is to be explained.
        count: how many concepts; fewer where there are fewer places or channels.

    Raises:
        LayerError: there is no last convolution.
        UnsupportedOperationError: its output is negative somewhere, or zero everywhere.
    """
    module = last_module(instance, "NMF")
    activations, slope = _activations(instance, module)
    _check_sign(activations, instance.layer)
    channels, *sides = activations.shape[1:]
    table = activations[0].reshape(channels, -1).T.double().cpu()
    places, factors = _factors(table.numpy(), count, instance.seed)
    pull = slope[0].reshape(channels, -1).T.double().cpu()
    importance = (places * (pull @ factors.T)).sum(0)
    presence = places / places.sum(0).clamp(min=torch.finfo(places.dtype).tiny)
    return Concepts(presence.T.reshape(-1, *sides), importance)


def _all(instance: Instance) -> Tensor:
    concepts = find_concepts(instance)
    weighed = concepts.importance[:, None, None] * concepts.presence
    return _interpolated(weighed.sum(0), instance)


def _first(instance: Instance) -> Tensor:
    concepts = find_concepts(instance)
    k = int(concepts.importance.argmax())
    return _interpolated(concepts.importance[k] * concepts.presence[k], instance)


def _interpolated(coarse: Float[Tensor, "h w"], instance: Instance) -> Tensor:
    return what_adds(coarse[None, None].to(instance.x), instance)


def _activations(
    instance: Instance, module: nn.Module
) -> tuple[Float[Tensor, "1 C h w"], Float[Tensor, "1 C h w"]]:
    """Return a module's output, and the gradient of the explained output by it."""
    kept: list[Tensor] = []
    handle = module.register_forward_hook(_keeper(kept))
    try:
        x = instance.x.detach().clone().requires_grad_()
        with torch.enable_grad():
            # A copy, because a network may write into its input.
            y = instance.model(x.clone())[0, instance.target]
    finally:
        handle.remove()
    (slope,) = torch.autograd.grad(y, kept[0])
    return kept[0].detach(), slope


def _keeper(kept: list[Tensor]) -> Callable[[nn.Module, object, Tensor], Tensor]:
    """Return a hook that keeps an output; a copy goes on, for what follows may write into it."""

    def keep(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()

    return keep


def _check_sign(activations: Float[Tensor, "1 C h w"], layer: str) -> None:
    low, high = float(activations.min()), float(activations.max())
    if low < -_ROUNDING * max(high, 0.0):
        raise UnsupportedOperationError(
            f"NMF needs activations that are not negative, and those of {layer} go down to "
            f"{low:.3g}"
        )
    if high <= 0:
        raise UnsupportedOperationError(f"NMF finds no concepts: {layer} gives zeros only")


def _factors(
    table: Float[np.ndarray, "places channels"], count: int, seed: int
) -> tuple[Float[Tensor, "places k"], Float[Tensor, "k channels"]]:
    """Write a table as a product of two non-negative ones."""
    # Where its zeros are filled (nndsvda), two factors may end at one concept, and one is lost.
    model = _nmf()(min(count, *table.shape), init="nndsvd", random_state=seed, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # factors that still move are factors all the same
        places = model.fit_transform(table.clip(min=0))
    return torch.from_numpy(places), torch.from_numpy(model.components_)


def _nmf() -> Any:
    """Return scikit-learn's factorization."""
    try:
        from sklearn.decomposition import NMF
    except ImportError as error:
        raise MissingExtraError("NMF concepts", "compare") from error
    return NMF
