"""The package that supplies the methods of others."""

import warnings
from contextlib import AbstractContextManager
from typing import Any

from torch import Tensor

from specxai.compare.attribution import Instance
from specxai.compare.refusals import refusals_of
from specxai.errors import MissingExtraError


def captum_attr() -> Any:
    """Return ``captum.attr``.

    Raises:
        MissingExtraError: Captum is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from captum import attr
    except ImportError as error:
        raise MissingExtraError("specxai compare", "compare") from error
    return attr


def captum_refusals(method: str) -> AbstractContextManager[None]:
    """Say in one sentence why Captum cannot take a network, whatever it raises.

    Args:
        method: what is computed, as it stands in tables.

    Raises:
        UnsupportedOperationError: in place of what was raised inside the block.
    """
    return refusals_of(f"Captum's {method}")


def attribute_by(method: Any, instance: Instance, **options: Any) -> Tensor:
    """Return what a method of Captum says of an instance.

    Args:
        method: an object of ``captum.attr``.
        instance: what is to be explained.
        options: of the method.

    Raises:
        UnsupportedOperationError: Captum cannot take the network.
    """
    x = instance.x.detach().clone().requires_grad_()
    with captum_refusals(type(method).__name__):
        attributions: Tensor = method.attribute(x, target=instance.target, **options)
    return attributions.detach()
