"""The network as an affine map at one input."""

from specxai.affine.activity import count_active_units
from specxai.affine.arguments import Inputs
from specxai.affine.conventions import Convention, RuleChoice
from specxai.affine.fingerprint import fingerprint
from specxai.affine.jacobian import Jacobian
from specxai.affine.ledger import Entry, Ledger
from specxai.affine.linearization import Layers, Linearization
from specxai.affine.linearize import linearize
from specxai.affine.operations import Kind
from specxai.affine.precision import Precision
from specxai.affine.recorder import Layer, Site
from specxai.affine.region import Certificate, Flip, Region, Tie
from specxai.affine.root import Forward
from specxai.affine.target import Target, choose_target, select_target

__all__ = [
    "Certificate",
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
    "Linearization",
    "Precision",
    "Region",
    "RuleChoice",
    "Site",
    "Target",
    "Tie",
    "choose_target",
    "count_active_units",
    "fingerprint",
    "linearize",
    "select_target",
]
