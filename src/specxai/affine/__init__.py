"""The network as an affine map at one input."""

from specxai.affine.activity import active_units, count_active_units
from specxai.affine.jacobian import Jacobian
from specxai.affine.linearization import Linearization, linearize
from specxai.affine.operations import Kind
from specxai.affine.trace import Layer, Site

__all__ = [
    "Jacobian",
    "Kind",
    "Layer",
    "Linearization",
    "Site",
    "active_units",
    "count_active_units",
    "linearize",
]
