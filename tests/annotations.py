"""Annotations that are not checked."""

from collections.abc import Iterator

import jaxtyping
import pytest


@pytest.fixture
def unchecked_annotations() -> Iterator[None]:
    """Let wrong arguments through to the package's own checks, as they reach it in real use."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
