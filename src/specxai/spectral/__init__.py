"""The affine map split at a layer and decomposed into spectral components."""

from specxai.spectral.decompose import explain, explain_at
from specxai.spectral.explanation import Explanation
from specxai.spectral.expression import SymbolicExpression
from specxai.spectral.krylov import krylov_svd
from specxai.spectral.options import Options
from specxai.spectral.reduction import (
    Reach,
    Reduction,
    Selection,
    keep_above,
    keep_leading,
    keep_quantile,
    reduce_contributions,
    terms_to_reach,
)
from specxai.spectral.split import Split, split
from specxai.spectral.strategies import Strategy
from specxai.spectral.svd import LeftSVD, exact_svd

__all__ = [
    "Explanation",
    "LeftSVD",
    "Options",
    "Reach",
    "Reduction",
    "Selection",
    "Split",
    "Strategy",
    "SymbolicExpression",
    "exact_svd",
    "explain",
    "explain_at",
    "keep_above",
    "keep_leading",
    "keep_quantile",
    "krylov_svd",
    "reduce_contributions",
    "split",
    "terms_to_reach",
]
