"""Which figure a result draws when it is asked to plot itself."""

from specxai.affine import Ledger
from specxai.plots.evolution import evolution_figure
from specxai.plots.explanation import explanation_figure
from specxai.plots.ledger import ledger_figure
from specxai.plots.similarity import similarity_figure
from specxai.presentation import draws
from specxai.spectral import Decomposition
from specxai.survey import Evolution, Similarity

draws(Decomposition)(explanation_figure)
draws(Ledger)(ledger_figure)
draws(Evolution)(evolution_figure)
draws(Similarity)(similarity_figure)
