"""Figures 1, 2, 3 and 11 of the paper: one row a photo, one figure a network."""

from collections.abc import Callable, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from specxai.plots import draw_reduced_spectrum, draw_singular_values
from specxai.plots.facts import component_title, target_name
from specxai.plots.heatmap import scale_note, to_array
from specxai.plots.page import footer_height, header_height, stack_parts
from specxai.plots.panels import draw_component, draw_input
from specxai.plots.style import HEADING, INK, SMALL, TEXT
from specxai.plots.writing import wrapped, write_footer, write_header
from specxai_studies.imagenet.findings import SHOWN, Finding

_PANEL, _WORDS = 2.3, 0.6  # inches
_PERCENTILE = 99.5

Column = Callable[[Finding, Axes], None]
Rows = Sequence[Sequence[Callable[[Axes], None]]]


def figure_1(findings: Sequence[Finding]) -> Figure:
    """Draw the vectors of largest σ, contracted, and the spectrum (Figure 1)."""
    columns = [_photo, *_contracted(lambda f: f.by_sigma), _spectrum]
    return _figure(_title(findings, "largest singular values"), _rows(findings, columns))


def figure_2(findings: Sequence[Finding]) -> Figure:
    """Draw the vectors of largest share after cancellation, and all shares (Figure 2)."""
    columns = [_photo, *_contracted(lambda f: f.by_share), _reduced]
    return _figure(_title(findings, "largest shares"), _rows(findings, columns))


def figure_3(findings: Sequence[Finding]) -> Figure:
    """Draw the vectors of largest share, and the full and reduced spectra (Figure 3)."""
    columns = [_photo, *_contracted(lambda f: f.by_share), _spectrum, _reduced]
    return _figure(_title(findings, "largest shares"), _rows(findings, columns))


def figure_11(penultimate: Sequence[Finding], convolution: Sequence[Finding]) -> Figure:
    """Draw the vector of largest share, contracted and averaged, at both layers (Figure 11)."""
    pair = [_contracted(lambda f: f.by_share)[0], _averaged]
    left, right = _rows(penultimate, [_photo, *pair]), _rows(convolution, pair)
    title = _title(penultimate, "contraction beside mean")
    title += f" (left) and {convolution[0].explanation.layer_name} (right)"
    return _figure(title, [[*a, *b] for a, b in zip(left, right, strict=True)])


def _title(findings: Sequence[Finding], what: str) -> str:
    ex = findings[0].explanation
    way = f", from the baseline {ex.baseline_name}" if ex.baseline_name else ""
    return f"{ex.model}: {what} at {ex.layer_name}{way}"


def _rows(findings: Sequence[Finding], columns: Sequence[Column]) -> Rows:
    return [[partial(draw, finding) for draw in columns] for finding in findings]


def _figure(title: str, rows: Rows) -> Figure:
    """Draw rows of panels below a heading."""
    width = _PANEL * len(rows[0])
    heading = wrapped([title], width, HEADING)
    footer = wrapped([_NOTE.format(scale=scale_note(_PERCENTILE))], width, SMALL)
    heights = [
        header_height(len(heading), 0),
        *[_PANEL + _WORDS] * len(rows),
        footer_height(len(footer)),
    ]
    figure, (header, *parts, below) = stack_parts(width, heights)
    write_header(header, heading, [])
    write_footer(below, footer)
    for part, row in zip(parts, rows, strict=True):
        for axes, draw in zip(part.subplots(1, len(row), squeeze=False)[0], row, strict=True):
            draw(axes)
    return figure


_NOTE = (
    "{scale}, for each map its own; red adds to φ·x ≥ 0, blue takes away. * shares its σ with "
    "others: only the sum over them is defined."
)


def _photo(finding: Finding, axes: Axes) -> None:
    ex = finding.explanation
    draw_input(axes, ex.x, finding.picture)
    _name(
        axes, f"{finding.photo.removeprefix('demo:')}\n{ex.target_name or target_name(ex.target)}"
    )


def _contracted(chosen: Callable[[Finding], Sequence[int]]) -> list[Column]:
    """Return columns for φ ⊙ x of each of the chosen components, summed over the channels."""

    def draw(n: int, finding: Finding, axes: Axes) -> None:
        ex, components = finding.explanation, chosen(finding)
        if n >= len(components):
            axes.set_axis_off()
            return
        draw_component(axes, to_array(finding.maps([components[n]])[0]), "image", _PERCENTILE)
        _name(axes, component_title(ex, components[n]))

    return [partial(draw, n) for n in range(SHOWN)]


def _averaged(finding: Finding, axes: Axes) -> None:
    if not finding.by_share:
        axes.set_axis_off()
        return
    values = finding.averages(finding.by_share[:1])[0]
    draw_component(axes, to_array(values), "image", _PERCENTILE)
    _name(axes, f"k = {finding.by_share[0]}\nmean of φ over the channels")


def _spectrum(finding: Finding, axes: Axes) -> None:
    ex = finding.explanation
    draw_singular_values(axes, ex.singular_values, finding.by_share, ex.contributions)


def _reduced(finding: Finding, axes: Axes) -> None:
    draw_reduced_spectrum(axes, finding.explanation.reduce(), finding.explanation.rank, SHOWN)


def _name(axes: Axes, text: str) -> None:
    title = axes.set_title(text, fontsize=TEXT, color=INK, loc="left", linespacing=1.35)
    title.set_parse_math(False)
