"""The network as an affine map at one input."""

from specxai.affine.baselines import Baseline, NamedBaseline
from specxai.affine.contrast import Against, Contrast
from specxai.affine.fingerprint import fingerprint
from specxai.affine.layers import count_active_units, default_layer
from specxai.affine.ledger import Entry, Ledger
from specxai.affine.linearization import Layers, Linearization
from specxai.affine.linearize import at_input, contrasting, linearize
from specxai.affine.many import LinearMaps, linearize_many
from specxai.affine.products.jacobian import Jacobian
from specxai.affine.region.region import Certificate, Flip, Region, Tie
from specxai.affine.target import Target, choose_target, select_target
from specxai.affine.tracing.arguments import Inputs
from specxai.affine.tracing.conventions import Convention, RuleChoice
from specxai.affine.tracing.given import Loaded, Model
from specxai.affine.tracing.operations import Kind
from specxai.affine.tracing.precision import Precision
from specxai.affine.tracing.recorder import Layer, Site
from specxai.affine.tracing.root import Forward

__all__ = [
    "Against",
    "Baseline",
    "Certificate",
    "Contrast",
    "Convention",
    "Entry",
    "Flip",
    "Forward",
    "Inputs",
    "Jacobian",
    "Kind",
    "Layer",
    "Layers",
    "Ledger",
    "LinearMaps",
    "Linearization",
    "Loaded",
    "Model",
    "NamedBaseline",
    "Precision",
    "Region",
    "RuleChoice",
    "Site",
    "Target",
    "Tie",
    "at_input",
    "choose_target",
    "contrasting",
    "count_active_units",
    "default_layer",
    "fingerprint",
    "linearize",
    "linearize_many",
    "select_target",
]
