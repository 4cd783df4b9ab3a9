"""The affine map split at a layer and decomposed into spectral components."""

from specxai.spectral.causal_curve import CausalCurve
from specxai.spectral.collapse import Collapsed
from specxai.spectral.decompose import explain, explain_at
from specxai.spectral.decomposition import Decomposition
from specxai.spectral.edited_module import EditedModule
from specxai.spectral.explanation import Explanation
from specxai.spectral.expression import SymbolicExpression
from specxai.spectral.krylov import krylov_svd
from specxai.spectral.loading import load
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
from specxai.spectral.stored import Record, StoredExplanation
from specxai.spectral.strategies import Strategy
from specxai.spectral.surgery import Surgery
from specxai.spectral.svd import LeftSVD, exact_svd

__all__ = [
    "CausalCurve",
    "Collapsed",
    "Decomposition",
    "EditedModule",
    "Explanation",
    "LeftSVD",
    "Options",
    "Reach",
    "Record",
    "Reduction",
    "Selection",
    "Split",
    "StoredExplanation",
    "Strategy",
    "Surgery",
    "SymbolicExpression",
    "exact_svd",
    "explain",
    "explain_at",
    "keep_above",
    "keep_leading",
    "keep_quantile",
    "krylov_svd",
    "load",
    "reduce_contributions",
    "split",
    "terms_to_reach",
]
