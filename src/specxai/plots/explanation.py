"""An explanation on one page: the input, its leading components, and the spectra."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from specxai.errors import InvalidInputError
from specxai.plots.facts import component_title, notes, subtitle, terms
from specxai.plots.heatmap import to_array
from specxai.plots.page import lay_out, page_width, panel_height
from specxai.plots.panels import contracted_dim, draw_component, draw_input, kind_of
from specxai.plots.spectrum import draw_contributions, draw_reduced_spectrum, draw_singular_values
from specxai.plots.style import HEADING, INK, SMALL, TEXT, name_group
from specxai.plots.writing import wrapped, write_footer, write_header, write_table
from specxai.spectral import Decomposition
from specxai.spectral.records.contraction import default_blur

Maps = Mapping[int, Float[np.ndarray, "..."]]


def explanation_figure(
    explanation: Decomposition,
    image: Image.Image | None = None,
    top: int = 3,
    title: str | None = None,
    percentile: float = 99.5,
) -> Figure:
    """Draw an explanation: input, leading components by σ and by |α|, full and reduced spectra.

    Components of an image are heat maps, those of a sequence or a vector curves of φ ⊙ x. From a
    baseline they are what each place adds to the output, ψ σ φ ⊙ (x − x₀), smoothed for images.

    Args:
        explanation: the result.
        image: the picture the input was made from, if any.
        top: how many components each ranking shows; fewer where there are fewer.
        title: above the figure; None takes the model's name.
        percentile: of |values|, the limit of each heat map's colours; from above 0 to 100.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        InvalidInputError: top or percentile is out of range.
    """
    if top < 1:
        raise InvalidInputError(f"top={top}: draw at least 1 component")
    by_sigma = explanation.top(top, "singular_value").tolist()
    by_alpha = explanation.top(top, "contribution").tolist()
    maps = _maps(explanation, by_sigma + by_alpha)
    kind = kind_of(explanation.x)
    aspect = explanation.x.shape[2] / explanation.x.shape[3] if kind == "image" else None
    width = page_width(len(by_sigma))
    heading = wrapped([title or explanation.model], width, HEADING)
    under = wrapped([subtitle(explanation)], width, TEXT)
    footer = wrapped(notes(explanation, maps, kind, percentile), width, SMALL)

    page = lay_out(
        len(by_sigma), panel_height(len(by_sigma), aspect), len(heading), len(under), len(footer)
    )
    write_header(page.header, heading, under)
    _draw_input(page.input, explanation, image)
    name_group(page.facts, "Output")
    write_table(page.facts, terms(explanation))
    several = "s" if len(by_sigma) > 1 else ""
    headings = f"Largest singular value{several} σ", f"Largest contribution{several} |α|"
    for group, panels, chosen in zip(headings, page.groups, (by_sigma, by_alpha), strict=True):
        name_group(panels[0], group)
        _draw_group(panels, explanation, {k: maps[k] for k in chosen}, percentile)
    _draw_spectra(page.spectra, explanation, by_alpha)
    write_footer(page.footer, footer)
    return page.figure


def _maps(explanation: Decomposition, indices: Sequence[int]) -> Maps:
    """Compute all heat maps in one call: each one asked for costs a backward pass."""
    unique = list(dict.fromkeys(indices))
    dim = contracted_dim(explanation.x)
    if explanation.baseline is not None:
        maps = explanation.contribution_maps(unique, dim, default_blur(explanation.x))
        return dict(zip(unique, to_array(maps), strict=True))
    return dict(zip(unique, to_array(explanation.heatmaps(unique, "product", dim)), strict=True))


def _draw_input(axes: Axes, explanation: Decomposition, image: Image.Image | None) -> None:
    axes.set_axis_on()
    name_group(axes, "Input")
    draw_input(axes, explanation.x, image)


def _draw_group(
    panels: Sequence[Axes], explanation: Decomposition, maps: Maps, percentile: float
) -> None:
    """Fill the first panels with the heat maps of components, each under its title."""
    for axes, (k, values) in zip(panels, maps.items(), strict=False):
        axes.set_axis_on()
        draw_component(axes, values, kind_of(explanation.x), percentile)
        axes.set_title(
            component_title(explanation, k), loc="left", fontsize=TEXT, color=INK, linespacing=1.35
        )


def _draw_spectra(
    panels: Sequence[Axes], explanation: Decomposition, marked: Sequence[int]
) -> None:
    """Draw σ, α and what cancellation leaves, side by side over the same axis."""
    sigma, alpha, reduced = panels
    draw_singular_values(sigma, explanation.singular_values, marked, explanation.contributions)
    draw_contributions(alpha, explanation.contributions, marked)
    draw_reduced_spectrum(reduced, explanation.reduce(), explanation.rank, len(marked))
