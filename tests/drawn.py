"""The words on a figure, and whether they can be read."""

from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def drawn_texts(figure: Figure) -> list[Text]:
    """Return the texts that are on the page; ticks beyond an axis' limits are not."""
    figure.canvas.draw()
    hidden = set()
    for axes in figure.findobj(Axes):
        if not axes.axison:
            hidden |= {*axes.xaxis.findobj(Text), *axes.yaxis.findobj(Text)}
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not min(limits) <= tick.get_loc() <= max(limits):
                    hidden |= {tick.label1, tick.label2}
    texts = figure.findobj(Text)
    return [t for t in texts if t.get_visible() and t.get_text().strip() and t not in hidden]


def check_words(figure: Figure) -> None:
    """Words neither overlap nor leave the page."""
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in drawn_texts(figure)]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text
    for (one, box), (two, other) in combinations(boxes, 2):
        assert not box.overlaps(other), (one, two)
