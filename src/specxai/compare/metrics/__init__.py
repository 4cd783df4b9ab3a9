"""How far an attribution can be trusted, one measure a module."""

from specxai.compare.metrics.completeness import SUM_ERROR, sum_error
from specxai.compare.metrics.concentration import CANCELLATION, HELD, cancellation, held
from specxai.compare.metrics.localization import (
    MASS_INSIDE,
    POINTING_GAME,
    mass_inside,
    points_inside,
)
from specxai.compare.metrics.measure import (
    Interval,
    Measure,
    bootstrap,
    bootstrap_mean,
    bootstrap_means,
    without_nan,
)
from specxai.compare.metrics.perturbation import (
    DELETION,
    INSERTION,
    area,
    blurred,
    deletion_curve,
    insertion_curve,
    mean_color,
)
from specxai.compare.metrics.randomization import (
    SIMILARITY,
    SIMILARITY_OF_SIZES,
    random_depths,
    randomized_copies,
    rank_correlation,
    weighted_layers,
)
from specxai.compare.metrics.separation import mean_overlap
from specxai.compare.metrics.sparsity import AREA_OF_ENERGY, GINI, area_of_energy, gini
from specxai.compare.metrics.stability import (
    BASELINE_CHANGE,
    CHANGE,
    COMPONENT_CHANGE,
    component_change,
    noisy_inputs,
    relative_change,
)

__all__ = [
    "AREA_OF_ENERGY",
    "BASELINE_CHANGE",
    "CANCELLATION",
    "CHANGE",
    "COMPONENT_CHANGE",
    "DELETION",
    "GINI",
    "HELD",
    "INSERTION",
    "MASS_INSIDE",
    "POINTING_GAME",
    "SIMILARITY",
    "SIMILARITY_OF_SIZES",
    "SUM_ERROR",
    "Interval",
    "Measure",
    "area",
    "area_of_energy",
    "blurred",
    "bootstrap",
    "bootstrap_mean",
    "bootstrap_means",
    "cancellation",
    "component_change",
    "deletion_curve",
    "gini",
    "held",
    "insertion_curve",
    "mass_inside",
    "mean_color",
    "mean_overlap",
    "noisy_inputs",
    "points_inside",
    "random_depths",
    "randomized_copies",
    "rank_correlation",
    "relative_change",
    "sum_error",
    "weighted_layers",
    "without_nan",
]
