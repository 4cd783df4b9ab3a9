"""The affine map split at a layer and decomposed into spectral components."""

from specxai.spectral.causal_curve import CausalCurve
from specxai.spectral.collapse import Collapsed
from specxai.spectral.decompose import explain, explain_at
from specxai.spectral.edited_module import EditedModule
from specxai.spectral.explanation import Explanation
from specxai.spectral.krylov import krylov_svd
from specxai.spectral.options import Options
from specxai.spectral.reduction import Reduction, reduce_contributions
from specxai.spectral.split import Split, split
from specxai.spectral.surgery import Surgery
from specxai.spectral.svd import LeftSVD, exact_svd

__all__ = [
    "CausalCurve",
    "Collapsed",
    "EditedModule",
    "Explanation",
    "LeftSVD",
    "Options",
    "Reduction",
    "Split",
    "Surgery",
    "exact_svd",
    "explain",
    "explain_at",
    "krylov_svd",
    "reduce_contributions",
    "split",
]
