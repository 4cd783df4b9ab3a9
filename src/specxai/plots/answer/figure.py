"""The answer on one page: what the output rests on, where, and how it adds up."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from jaxtyping import Float
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from specxai.errors import InvalidInputError, TargetError
from specxai.plots.answer import words
from specxai.plots.answer.cells import COLUMNS, WIDTH, Cell, fill_row, pack, row_height
from specxai.plots.answer.evidence import gather
from specxai.plots.answer.panels import Panels, density, panels_of
from specxai.plots.bars import BAR
from specxai.plots.colorbar import add_colorbar
from specxai.plots.facts import answer_name, circumstances
from specxai.plots.heatmap import to_array
from specxai.plots.overlay import INK_MAP, brightness
from specxai.plots.page import footer_height, header_height, stack_parts
from specxai.plots.panels import counted, draw_picture, draw_values, kind_of, rescaled_picture
from specxai.plots.style import HEADING, SMALL, TEXT, short
from specxai.plots.waterfall import by_component, draw_waterfall
from specxai.plots.writing import wrapped, write_footer, write_header
from specxai.spectral import Decomposition

_COLORBAR = 0.55  # inches


def answer_figure(
    explanation: Decomposition,
    image: Image.Image | None = None,
    seen: Image.Image | None = None,
    title: str | None = None,
    top: int = 6,
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw what an output rests on: the input, the components that carry it, and their sum.

    Components are drawn by what each place adds to the output, ψ σ φ ⊙ (x − x₀): over the picture
    in grey, as bars of inputs, or along a sequence; and beside it on the layer's own grid, where it
    has one. They are those of largest |α| that carry 90 % of what is linear in the input, down to a
    twentieth of the largest; a waterfall has all the rest and leads to y.

    A stored result lacks its network, and with it the map of all u·(x − x₀) and the layer's grid;
    those components are drawn whose vectors its file keeps. Of a map at x alone x stands for
    x − x₀, and b for y₀.

    Args:
        explanation: the result, of one output.
        image: the picture that the input was made from; taken as seen where it has the input's
            size, otherwise its size is told.
        seen: the picture as the network sees it, of the input's size; None rescales the input.
        title: above the figure; None takes the class with its probability, or the output's value.
        top: the most components to draw.
        names: of the values of an input (1, F), or of the positions of a sequence (1, C, L) or
            (1, L, C); None takes those of the result, where it names all.

    Returns:
        A figure of its own, to be written with `save_figure`.

    Raises:
        TargetError: the explanation is of all outputs together.
        InvalidInputError: top is below 1, the picture is not of the input's size, or there are
            more or fewer names than inputs.

    >>> import specxai, torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> ex = specxai.explain(model.eval(), torch.ones(1, 2), layer="1", baseline="zero")
    >>> figure = answer_figure(ex, names=["speed", "angle"])
    """
    if explanation.target is None:
        raise TargetError("an answer is of one output: explain it with a target")
    if top < 1:
        raise InvalidInputError(f"top={top}: draw at least 1 component")
    if names is None:
        names = _own_names(explanation)
    else:
        _check_names(explanation, names)
    evidence = gather(explanation, top, names)
    picture = _picture(explanation, image, seen) if evidence.kind == "image" else None
    grey = None if picture is None else brightness(picture)
    panels = panels_of(evidence, grey, _with_values(explanation, names))
    first = _first_row(explanation, image, picture, panels)
    rows = [first, *pack(_components(explanation, panels, names))]

    heading = wrapped([title or answer_name(explanation)], WIDTH, HEADING)
    under = wrapped([circumstances(explanation)], WIDTH, TEXT)
    footer = wrapped(words.legend(explanation, evidence), WIDTH, SMALL)
    bar = [_COLORBAR] if picture is not None and evidence.scaling else []
    heights = [row_height(row) for row in rows]
    tops, bottoms = header_height(len(heading), len(under)), footer_height(len(footer))
    figure, (header, *parts, below) = stack_parts(WIDTH, [tops, *heights, *bar, bottoms])
    write_header(header, heading, under)
    for part, row in zip(parts, rows, strict=False):
        fill_row(part, row)
    if bar:
        _draw_colorbars(parts[-1], panels)
    write_footer(below, footer)
    return figure


def _first_row(
    explanation: Decomposition,
    image: Image.Image | None,
    picture: Float[np.ndarray, "H W C"] | None,
    panels: Panels,
) -> list[Cell]:
    """Lay out the input, all of the linear part, and the waterfall in what room is left."""
    evidence, cells = panels.evidence, []
    if picture is not None:
        draw = partial(draw_picture, picture=picture)
        about = _about_picture(explanation, image)
        cells.append(Cell("What the network sees", about, 1, panels.height, (draw,), hugs=True))
    elif panels.names is None:  # names say what the input is
        draw = partial(draw_values, x=explanation.x)
        about = f"The input, {counted(explanation.x.numel(), 'value')}."
        cells.append(Cell("What the network sees", about, 1, panels.height, (draw,)))
    if evidence.total is not None:
        draw = partial(panels.draw, values=evidence.total)
        about = words.total_sentence(explanation)
        wide = 1 if cells else 2
        hugs = picture is not None
        cells.append(Cell("Everything together", about, wide, panels.height, (draw,), hugs=hugs))
    water = by_component(explanation, evidence.leading)
    height = 0.45 + BAR * (len(water.steps) + 2)
    wide = COLUMNS - sum(cell.columns for cell in cells)
    about = words.waterfall_sentence(explanation)
    draw = partial(draw_waterfall, water=water)
    return [*cells, Cell("How the output adds up", about, wide, height, (draw,))]


def _components(
    explanation: Decomposition, panels: Panels, names: Sequence[str] | None
) -> list[Cell]:
    """Lay out each component: its map in the input, and beside it that on the layer's grid."""
    evidence, cells = panels.evidence, []
    for k in evidence.leading:
        if k not in evidence.maps:
            continue
        draws, captions = [partial(panels.draw, values=evidence.maps[k])], []
        if k in evidence.layer_maps:
            there = evidence.layer_maps[k]
            draws.append(partial(panels.draw_at_layer, values=there))
            grid = " × ".join(map(str, reversed(there.shape)))  # width × height, as of pictures
            captions = ["in the input", f"on the layer's grid of {grid}"]
        hugs = evidence.kind == "image" and len(draws) == 1
        wide = 1 if hugs else 2
        about = words.component_sentence(explanation, evidence, k, names)
        above = words.heading(explanation, k)
        cells.append(Cell(above, about, wide, panels.height, tuple(draws), tuple(captions), hugs))
    return cells


def _draw_colorbars(part: SubFigure, panels: Panels) -> None:
    """Draw the one colour bar of all maps in the input, and beside it that of the layer's grid."""
    evidence = panels.evidence
    total = [] if evidence.total is None else [evidence.total]
    bars = [("the picture's area", panels.limit, [*evidence.maps.values(), *total])]
    if evidence.layer_maps:
        bars.append(("the layer's grid", panels.layer_limit, [*evidence.layer_maps.values()]))
    places = part.subfigures(1, 2, squeeze=False)[0]
    for place, (area, limit, maps) in zip(places, bars, strict=False):
        colors = ScalarMappable(Normalize(-limit or -1.0, limit or 1.0), INK_MAP)
        values = np.concatenate([density(each).ravel() for each in maps])
        note = f"what 1 % of {area} adds to the output"
        add_colorbar(colors, place.subplots(), limit, values, note, within=True)


def _picture(
    explanation: Decomposition, image: Image.Image | None, seen: Image.Image | None
) -> Float[np.ndarray, "H W C"]:
    """Return the picture to draw, from 0 to 1."""
    height, width = explanation.x.shape[-2:]
    if seen is None and image is not None and image.size == (width, height):
        seen = image
    if seen is None:
        return rescaled_picture(explanation.x)
    if seen.size != (width, height):
        raise InvalidInputError(
            f"seen is {seen.width} × {seen.height} and the network's input {width} × {height}: "
            "give the picture as it was prepared, or none"
        )
    return np.asarray(seen.convert("RGB")) / 255


def _about_picture(explanation: Decomposition, image: Image.Image | None) -> str:
    height, width = explanation.x.shape[-2:]
    origin = ""
    if image is not None and image.size != (width, height):
        origin = f", made from {image.width} × {image.height}"
    return f"The input x, {width} × {height} pixels{origin}."


def _own_names(explanation: Decomposition) -> Sequence[str] | None:
    """Return the names that a result has for all values, or for all positions of a sequence."""
    features = explanation.features
    whole = features.positions == tuple(range(len(features.names)))
    return features.unique_names if whole and len(features.names) in _named(explanation) else None


def _named(explanation: Decomposition) -> tuple[int, ...]:
    """Return how many names an input can have."""
    shape = tuple(explanation.x.shape[1:])
    return shape if kind_of(explanation.x) == "sequence" else (explanation.x.numel(),)


def _check_names(explanation: Decomposition, names: Sequence[str]) -> None:
    shape, fitting = tuple(explanation.x.shape[1:]), _named(explanation)
    if len(names) not in fitting:
        wanted = " or ".join(f"{count:,}" for count in dict.fromkeys(fitting))
        raise InvalidInputError(f"{len(names):,} names for an input of {shape}: give {wanted}")


def _with_values(explanation: Decomposition, names: Sequence[str] | None) -> Sequence[str] | None:
    """Return the names of a vector's values with these values, and their units."""
    if kind_of(explanation.x) != "features":
        return names
    values = to_array(explanation.x)[0]
    named = names if names is not None else [f"input {i}" for i in range(len(values))]
    own = explanation.features.units
    units = own if len(own) == len(values) else ("",) * len(values)
    each = zip(named, values, units, strict=True)
    return [f"{name} = {short(value)} {unit}".rstrip() for name, value, unit in each]
