"""Which figure a result draws when it is asked to plot itself."""

from typing import Any, Literal

from matplotlib.figure import Figure

from specxai.affine import Ledger
from specxai.plots.answer.figure import answer_figure
from specxai.plots.evolution import evolution_figure
from specxai.plots.explanation import explanation_figure
from specxai.plots.ledger import ledger_figure
from specxai.plots.similarity import similarity_figure
from specxai.presentation import draws
from specxai.spectral import Decomposition
from specxai.survey import Evolution, Similarity


@draws(Decomposition)
def result_figure(
    explanation: Decomposition,
    maps: Literal["contribution", "product"] = "contribution",
    **options: Any,
) -> Figure:
    """Draw an explanation as an answer, or as the paper does.

    Args:
        explanation: the result.
        maps: ``contribution`` draws what each place adds to the output, see `answer_figure`;
            ``product`` the paper's φ ⊙ x and the spectra, see `explanation_figure`, as of all
            outputs together.
        options: those of either.
    """
    if maps == "product" or explanation.target is None:
        return explanation_figure(explanation, **options)
    return answer_figure(explanation, **options)


draws(Ledger)(ledger_figure)
draws(Evolution)(evolution_figure)
draws(Similarity)(similarity_figure)
