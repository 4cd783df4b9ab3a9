"""Annotations are checked in every test, shapes and dtypes too, unless it asks for none of that.

Imported before anything of the packages.
"""

import os
from collections.abc import Iterator

# Small tensors, and the same rounding on every machine; and commands that two tests run at a time
# do not wait for each other's threads.
os.environ["OMP_NUM_THREADS"] = "1"

import jaxtyping
import pytest
import torch

jaxtyping.install_import_hook(("specxai", "specxai_studies"), "beartype.beartype")
torch.set_num_threads(1)


@pytest.fixture
def unchecked_annotations() -> Iterator[None]:
    """Let wrong arguments through to the package's own checks, as they reach it in real use."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
