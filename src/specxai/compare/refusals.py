"""How a package of others says that it cannot take a network."""

from collections.abc import Iterator
from contextlib import contextmanager

from specxai.errors import UnsupportedOperationError


@contextmanager
def refusals_of(method: str) -> Iterator[None]:
    """Say in one sentence why a method of others cannot take a network, whatever it raises.

    Args:
        method: whose and what, such as "Captum's DeepLIFT".

    Raises:
        UnsupportedOperationError: in place of what was raised inside the block.
    """
    kinds = (TypeError, ValueError, AttributeError, LookupError, AssertionError, RuntimeError)
    try:
        yield
    except kinds as fault:
        reason = (str(fault).strip() or type(fault).__name__).splitlines()[0]
        raise UnsupportedOperationError(f"{method} cannot take this network: {reason}") from fault
