"""Every annotation of the packages is checked in every test: shapes, dtypes and types."""

import os

# Small tensors, and the same rounding on every machine; and commands that two tests run at a time
# do not wait for each other's threads.
os.environ["OMP_NUM_THREADS"] = "1"

import jaxtyping
import torch

jaxtyping.install_import_hook(("specxai", "specxai_studies"), "beartype.beartype")
torch.set_num_threads(1)

from annotations import unchecked_annotations  # noqa: F401 - fixtures
from classifier import instance, model, x  # noqa: F401
