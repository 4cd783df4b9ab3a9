"""Parametric three-blade turbines with the stress of their rotors."""

from specxai_studies.shapes.turbines.data import load_turbines, unlabelled_turbines
from specxai_studies.shapes.turbines.smoothing import smooth_displacement
from specxai_studies.shapes.turbines.turbines import Turbines

__all__ = ["Turbines", "load_turbines", "smooth_displacement", "unlabelled_turbines"]
