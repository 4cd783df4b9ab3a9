"""What runs of the command line import; see `command_line`."""

import scipy.stats  # noqa: F401
import torch.fx.experimental.symbolic_shapes  # noqa: F401 - by the first derivative

import specxai.cli
import specxai.compare
import specxai.models
import specxai.plots
import specxai.tables.answer  # noqa: F401
