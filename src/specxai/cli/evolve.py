"""``specxai evolve``."""

import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.options import (
    Background,
    Components,
    Device,
    Digits,
    Input,
    Json,
    Lead,
    Memory,
    Model,
    Overwrite,
    Quiet,
    Rule,
    Scratch,
    Tolerance,
    Weights,
    Wrt,
)
from specxai.cli.output import output_folder
from specxai.cli.reading import linearized, read_input, read_layers, read_target


@app.command
def evolve(
    model: Model,
    input: Input,
    /,
    *,
    layers: str | None = None,
    target: str | None = None,
    top: int = 3,
    method: Literal["auto", "exact", "krylov"] = "auto",
    components: Components = 8,
    by: Lead = "singular_value",
    tol: Tolerance = 1e-2,
    products: int = 100,
    seconds: float = 60.0,
    memory: Memory = None,
    scratch: Scratch = None,
    precision: Digits = "native",
    rule: Rule = "tangent",
    background: Background = None,
    wrt: Wrt = None,
    weights: Weights = "default",
    device: Device = "cpu",
    out: Path = Path("evolution"),
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Follow the leading components of an input through the layers: a table and a figure.

    Args:
        layers: addresses of 'specxai layers' with commas; if not given, up to 8 activations that
            all paths cross, evenly spread.
        target: output that contributions are to, by number or class name; numbers with commas for
            more dimensions. If not given: the largest of a row of outputs.
        top: how many leading vectors of each layer to compare with those of the next.
        method: exact computes all components, krylov the leading ones by products; auto, for each
            layer, the exact ones where they fit in memory and in time.
        products: how many products with the Jacobian, and as many with its transpose, krylov may
            make at a layer; what has not converged then is not shown.
        seconds: how long auto lets exact take, at all layers together.
        out: folder for evolution.png.
    """
    from specxai.models import load_model
    from specxai.plots import evolution_figure, save_figure
    from specxai.spectral import Options
    from specxai.survey import evolve_at
    from specxai.terminal.progress import progress_bars
    from specxai.terminal.survey import evolution_table, summarize_evolution
    from specxai.terminal.tables import print_wide

    with output_folder(out, ["evolution.png"], overwrite):
        options = Options(
            method, components, by, tol, products, memory=memory, scratch=scratch, seconds=seconds
        )
        loaded = load_model(model, weights)
        position = read_target(loaded, target)
        given = read_input(input, loaded, background, wrt)
        lin = linearized(loaded, given, device, rule, precision)
        with progress_bars(quiet) as progress:
            result = evolve_at(lin, read_layers(layers), position, top, options, progress)
        result = replace(result, model=loaded.name)
        figure = evolution_figure(result, given.image)
        save_figure(figure, out / "evolution.png")
    summary = summarize_evolution(result) | {"input_note": given.note}
    if json:
        print(json_format.dumps(summary))
        return
    print_wide(evolution_table(summary))
    print(f"wrote {out / 'evolution.png'}")
