"""Every annotation of the packages is checked in every test: shapes, dtypes and types."""

import jaxtyping
import torch

jaxtyping.install_import_hook(("specxai", "specxai_studies"), "beartype.beartype")
torch.set_num_threads(1)  # small tensors, and the same rounding on every machine

from annotations import unchecked_annotations  # noqa: F401 - fixtures
from classifier import instance, model, x  # noqa: F401
