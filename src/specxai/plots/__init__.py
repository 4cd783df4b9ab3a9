"""Figures from results: heat maps, spectra, and the whole of an explanation on one page.

Nothing here touches matplotlib's global state: figures are made with its object-oriented API.
"""

from specxai.plots.answer.figure import answer_figure
from specxai.plots.bars import groups_figure
from specxai.plots.causal import causal_figure
from specxai.plots.comparison import comparison_figure
from specxai.plots.evolution import evolution_figure
from specxai.plots.explanation import explanation_figure
from specxai.plots.heatmap import draw_heatmap
from specxai.plots.ledger import ledger_figure
from specxai.plots.metrics import metrics_figure
from specxai.plots.overlay import draw_overlay
from specxai.plots.points import points_figure
from specxai.plots.saving import check_figure_name, save_figure
from specxai.plots.similarity import similarity_figure
from specxai.plots.spectrum import (
    draw_contributions,
    draw_reduced_spectrum,
    draw_singular_values,
)
from specxai.plots.waterfall import waterfall_figure

__all__ = [
    "answer_figure",
    "causal_figure",
    "check_figure_name",
    "comparison_figure",
    "draw_contributions",
    "draw_heatmap",
    "draw_overlay",
    "draw_reduced_spectrum",
    "draw_singular_values",
    "evolution_figure",
    "explanation_figure",
    "groups_figure",
    "ledger_figure",
    "metrics_figure",
    "points_figure",
    "save_figure",
    "similarity_figure",
    "waterfall_figure",
]
