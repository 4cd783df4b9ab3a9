"""The affine map split at a layer and decomposed into spectral components."""

from specxai.spectral.decompose import explain, explain_at
from specxai.spectral.edits.causal_curve import CausalCurve
from specxai.spectral.edits.collapse import Collapsed
from specxai.spectral.edits.edited_module import EditedModule
from specxai.spectral.edits.surgery import Surgery
from specxai.spectral.edits.trust import Removal, Trust
from specxai.spectral.explanation import Explanation, StoredExplanation, load
from specxai.spectral.explanations import Explanations
from specxai.spectral.files.saving import default_vectors
from specxai.spectral.files.stored import Record
from specxai.spectral.many import explain_many
from specxai.spectral.records.component import Component
from specxai.spectral.records.decomposition import Decomposition
from specxai.spectral.records.features import Features
from specxai.spectral.records.reduction import (
    Reach,
    Reduction,
    Selection,
    keep_above,
    keep_leading,
    keep_quantile,
    reduce_contributions,
    terms_to_reach,
)
from specxai.spectral.records.strategies import Strategy
from specxai.spectral.split import split
from specxai.spectral.svd.exact import exact_svd
from specxai.spectral.svd.krylov import Krylov
from specxai.spectral.svd.solver import LEADING, Auto, Exact, Method, Solver, read_method
from specxai.spectral.symbolic.assembly import SymbolicExpression

__all__ = [
    "LEADING",
    "Auto",
    "CausalCurve",
    "Collapsed",
    "Component",
    "Decomposition",
    "EditedModule",
    "Exact",
    "Explanation",
    "Explanations",
    "Features",
    "Krylov",
    "Method",
    "Reach",
    "Record",
    "Reduction",
    "Removal",
    "Selection",
    "Solver",
    "StoredExplanation",
    "Strategy",
    "Surgery",
    "SymbolicExpression",
    "Trust",
    "default_vectors",
    "exact_svd",
    "explain",
    "explain_at",
    "explain_many",
    "keep_above",
    "keep_leading",
    "keep_quantile",
    "load",
    "read_method",
    "reduce_contributions",
    "split",
    "terms_to_reach",
]
