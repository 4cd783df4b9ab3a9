"""What runs of the command line import; see `command_line`."""

import scipy.stats  # noqa: F401
import torch
import torch.fx.experimental.symbolic_shapes

import specxai.cli
import specxai.compare
import specxai.models
import specxai.plots
import specxai.tables.answer  # noqa: F401

torch.set_num_threads(1)  # which two processes at a time share
