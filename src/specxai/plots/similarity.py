"""The similarity of vectors across inputs as a matrix (the paper's Figure 5)."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from specxai.plots.heatmap import draw_heatmap
from specxai.plots.page import footer_height, header_height, stack_parts
from specxai.plots.style import FAINT, HEADING, INK, SMALL, TEXT
from specxai.plots.writing import wrapped, write_footer, write_header
from specxai.survey import Similarity

# So many results are named; of more only the place is shown.
_MOST_NAMES = 40
_LONGEST_NAME = 24
_WIDTH = 7.5  # inches


def similarity_figure(similarity: Similarity, title: str = "Similarity") -> Figure:
    """Draw the matrix in the order of the clustering, with a frame around each group.

    Args:
        similarity: the result.
        title: above the figure.

    Returns:
        A figure of its own, to be written with `save_figure`.
    """
    ranking = {"singular_value": "σ", "contribution": "|α|", "reduced": "share after cancellation"}
    count = len(similarity.names)
    what = "|φ·φ′|" if similarity.absolute else "φ·φ′, signs aligned within groups"
    under = f"{what}  ·  {count:,} results  ·  component {similarity.k} by {ranking[similarity.by]}"
    notes = (
        "Order: average linkage of 1 − |φ·φ′|. Frames: groups of 2 or more whose parts were joined "
        f"at a mean |φ·φ′| of at least {similarity.threshold:g}."
    )
    heading, lines = wrapped([title], _WIDTH, HEADING), wrapped([under], _WIDTH, TEXT)
    footer = wrapped([notes], _WIDTH, SMALL)
    heights = [header_height(len(heading), len(lines)), _WIDTH, footer_height(len(footer))]
    figure, (header, body, foot) = stack_parts(_WIDTH, heights)
    write_header(header, heading, lines)
    axes = body.subplots()
    draw_heatmap(axes, similarity.ordered, limit=1.0, note=False)
    _frame_groups(axes, similarity)
    _name_rows(axes, similarity)
    write_footer(foot, footer)
    return figure


def _frame_groups(axes: Axes, similarity: Similarity) -> None:
    start = 0
    for size in map(len, similarity.groups):
        if size > 1:
            corner = (start - 0.5, start - 0.5)
            axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=INK, linewidth=1.2))
        start += size


def _name_rows(axes: Axes, similarity: Similarity) -> None:
    """Name every row, or count them where they are too many."""
    axes.tick_params(labelsize=SMALL, length=2, color=FAINT, labelcolor=INK)
    if len(similarity.names) > _MOST_NAMES:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.set_ylabel("place in the order of the clustering", fontsize=SMALL, color=INK)
        return
    names = [similarity.names[result] for result in similarity.order.tolist()]
    short = [name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME:]}" for name in names]
    axes.set_yticks(range(len(names)), short, parse_math=False)
