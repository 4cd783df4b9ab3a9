"""``specxai surgery``."""

import json as json_format
from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.network import NetworkOptions
from specxai.cli.options import Input, Json, Layer, Model, Overwrite, Quiet
from specxai.cli.output import output_folder
from specxai.cli.reading import read_layers
from specxai.cli.solver import LeadingOptions
from specxai.errors import InvalidInputError


@app.command
def surgery(
    model: Model,
    input: Input,
    /,
    *,
    layer: Layer = None,
    target: str | None = None,
    keep: str | None = None,
    drop: str | None = None,
    scale: str | None = None,
    points: int = 64,
    seed: int = 0,
    solver: LeadingOptions = LeadingOptions(),  # noqa: B008, it is frozen
    network: NetworkOptions = NetworkOptions(),  # noqa: B008, it is frozen
    out: Path = Path("surgery"),
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Change components and run the real network: a table, and a figure of causal curves.

    The figure shows the output as components are removed one after the other, by contribution, by
    σ and at random: what the affine map predicts, and what the network answers.

    Args:
        target: output to explain, by number or class name; numbers with commas for more
            dimensions. If not given: the largest of a row of outputs; all of them without --layer.
        keep: components that stay, by number with commas: all others are removed.
        drop: components that are removed.
        scale: factors for components, such as 0=2,3=-0.5.
        points: at most how many points each causal curve has.
        seed: of the random order.
        out: folder for causal.png.
    """
    from specxai.plots import causal_figure, save_figure
    from specxai.spectral import explain_at
    from specxai.terminal.progress import progress_bars
    from specxai.terminal.surgery import summarize_surgery, surgery_table
    from specxai.terminal.tables import print_wide

    kept, dropped, scales = _read_indices(keep), _read_indices(drop), _read_scales(scale)
    if (kept, dropped, scales) == (None, None, None):
        scales = {}  # nothing changes: what is wanted is the curves
    with output_folder(out, ["causal.png"], overwrite):
        method, addresses = solver.solver(), read_layers(layer)
        opened = network.open(model, input, target)
        with progress_bars(quiet) as progress:
            explanation = explain_at(
                opened.lin, addresses, opened.target, method, solver.memory, progress
            )
        cut = explanation.surgery(kept, dropped, scales)
        orders: tuple[Literal["contribution", "singular_value", "random"], ...]
        orders = "contribution", "singular_value", "random"
        curves = [explanation.causal_curve(order, points, seed) for order in orders]
        summary = summarize_surgery(cut, opened.model, curves)
        summary["input_note"] = opened.given.note
        figure = causal_figure(curves, summary["title"])
        save_figure(figure, out / "causal.png")
    if json:
        print(json_format.dumps(summary))
        return
    print_wide(surgery_table(summary))
    print(f"wrote {out / 'causal.png'}")


def _read_indices(text: str | None) -> list[int] | None:
    """Read component numbers with commas between; an empty text is none of them."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((part for part in parts if not part.isdecimal()), None)
    if wrong is not None:
        raise InvalidInputError(f"{wrong!r} is no component: give numbers, such as 0,2")
    return [int(part) for part in parts]


def _read_scales(text: str | None) -> dict[int, float] | None:
    """Read factors k=s with commas between."""
    if text is None:
        return None
    try:
        pairs = [part.split("=") for part in text.split(",") if part.strip()]
        return {int(k): float(s) for k, s in pairs}
    except ValueError as fault:
        raise InvalidInputError(f"--scale {text}: give factors such as 0=2,3=-0.5") from fault
