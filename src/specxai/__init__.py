"""Explain trained PyTorch networks exactly.

At an input x, a network of affine maps and piecewise-linear activations is an affine map,
y = u·x + b. specxai extracts it, splits it at a layer (u = L·R), takes the singular value
decomposition of R, and writes y as a sum of few signed components, each a direction in input
space. The method is SpecXAI (arXiv 2302.09949).

The names below are imported when first used, so that ``import specxai`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from specxai.errors import SpecxaiError
from specxai.presentation import find_presenters_by

if TYPE_CHECKING:
    from specxai.affine import Linearization, LinearMaps, linearize, linearize_many
    from specxai.spectral import (
        Auto,
        Exact,
        Explanation,
        Explanations,
        Krylov,
        Reduction,
        StoredExplanation,
        explain,
        explain_many,
        load,
    )
    from specxai.survey import Evolution, Similarity, evolve, similarity

__version__ = "0.1.0"
__all__ = [
    "Auto",
    "Evolution",
    "Exact",
    "Explanation",
    "Explanations",
    "Krylov",
    "LinearMaps",
    "Linearization",
    "Reduction",
    "Similarity",
    "SpecxaiError",
    "StoredExplanation",
    "evolve",
    "explain",
    "explain_many",
    "linearize",
    "linearize_many",
    "load",
    "similarity",
]

_HOMES = {
    "linearize": "specxai.affine",
    "linearize_many": "specxai.affine",
    "Linearization": "specxai.affine",
    "LinearMaps": "specxai.affine",
    "explain": "specxai.spectral",
    "explain_many": "specxai.spectral",
    "load": "specxai.spectral",
    "Auto": "specxai.spectral",
    "Exact": "specxai.spectral",
    "Explanation": "specxai.spectral",
    "Explanations": "specxai.spectral",
    "Krylov": "specxai.spectral",
    "Reduction": "specxai.spectral",
    "StoredExplanation": "specxai.spectral",
    "evolve": "specxai.survey",
    "similarity": "specxai.survey",
    "Evolution": "specxai.survey",
    "Similarity": "specxai.survey",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'specxai' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    own = (name for name in globals() if name.startswith("__") and name.endswith("__"))
    return sorted({*own, *__all__})


def _load_presenters() -> None:
    """Import what makes figures and tables of results: it stands above them."""
    for room in ("specxai.plots.presenters", "specxai.tables.html"):
        import_module(room)


find_presenters_by(_load_presenters)
