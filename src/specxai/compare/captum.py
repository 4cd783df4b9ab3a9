"""The package that supplies the methods of others."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from specxai.errors import MissingExtraError, UnsupportedOperationError


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


@contextmanager
def captum_refusals(method: str) -> Iterator[None]:
    """Say in one sentence why Captum cannot take a network, whatever it raises.

    Args:
        method: what is computed, as it stands in tables.

    Raises:
        UnsupportedOperationError: in place of what was raised inside the block.
    """
    kinds = (TypeError, ValueError, AttributeError, LookupError, AssertionError, RuntimeError)
    try:
        yield
    except kinds as fault:
        reason = (str(fault).strip() or type(fault).__name__).splitlines()[0]
        raise UnsupportedOperationError(
            f"Captum's {method} cannot take this network: {reason}"
        ) from fault
