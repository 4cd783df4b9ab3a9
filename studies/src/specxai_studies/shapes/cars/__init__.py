"""Cars with coarse-RANS drag areas by OpenFOAM."""

from specxai_studies.shapes.cars.cars import Cars
from specxai_studies.shapes.cars.data import load_cars, unlabelled_cars
from specxai_studies.shapes.cars.smoothing import smooth_displacement

__all__ = ["Cars", "load_cars", "smooth_displacement", "unlabelled_cars"]
