"""Cars with coarse-RANS drag areas by OpenFOAM."""

from specxai.studies.shapes.cars.cars import Cars

__all__ = ["Cars"]
