"""As for the library: annotations are checked, and its small classifier is at hand."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import jaxtyping
import torch

jaxtyping.install_import_hook(("specxai", "specxai_studies"), "beartype.beartype")
torch.set_num_threads(1)

from annotations import unchecked_annotations  # noqa: F401 - fixtures
from classifier import instance, model, x  # noqa: F401
