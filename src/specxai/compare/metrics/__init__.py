"""How far an attribution can be trusted, one measure a module."""

from specxai.compare.metrics.bootstrap import Interval, bootstrap_mean
from specxai.compare.metrics.localization import mass_inside, points_inside
from specxai.compare.metrics.perturbation import area, deletion_curve, insertion_curve
from specxai.compare.metrics.randomization import randomized_copies, rank_correlation
from specxai.compare.metrics.separation import mean_overlap
from specxai.compare.metrics.sparsity import area_of_energy, gini
from specxai.compare.metrics.stability import noisy_inputs, relative_change

__all__ = [
    "Interval",
    "area",
    "area_of_energy",
    "bootstrap_mean",
    "deletion_curve",
    "gini",
    "insertion_curve",
    "mass_inside",
    "mean_overlap",
    "noisy_inputs",
    "points_inside",
    "randomized_copies",
    "rank_correlation",
    "relative_change",
]
