"""Every annotation of the package is checked in every test: shapes, dtypes and types."""

from collections.abc import Iterator

import jaxtyping
import pytest
import torch

jaxtyping.install_import_hook("specxai", "beartype.beartype")
torch.set_num_threads(1)  # small tensors, and the same rounding on every machine


@pytest.fixture
def unchecked_annotations() -> Iterator[None]:
    """Let wrong arguments through to the package's own checks, as they reach it in real use."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


from classifier import instance, model, x  # noqa: F401 - fixtures
