"""``specxai evolve``."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.network import NetworkOptions
from specxai.cli.options import Input, Model, RunOptions
from specxai.cli.output import output_folder
from specxai.cli.reading import read_layers
from specxai.cli.solver import SolverOptions


@app.command
def evolve(
    model: Model,
    input: Input,
    /,
    *,
    layers: str | None = None,
    target: str | None = None,
    top: int = 3,
    by: Literal["singular_value", "contribution"] = "singular_value",
    solver: SolverOptions = SolverOptions(),  # noqa: B008, it is frozen
    network: NetworkOptions = NetworkOptions(),  # noqa: B008, it is frozen
    out: Path = Path("evolution"),
    run: RunOptions = RunOptions(),  # noqa: B008, it is frozen
) -> None:
    """Follow the leading components of an input through the layers: a table and a figure.

    If nothing else is given, auto lets exact take a minute at all layers together, and krylov
    makes 100 products at each of the others.

    Args:
        layers: addresses of 'specxai layers' with commas; if not given, up to 8 activations that
            all paths cross, evenly spread.
        target: output that contributions are to, by number (-1 is the last) or class name;
            numbers with commas for more dimensions. If not given: the largest of a row of outputs.
        top: how many leading vectors of each layer to compare with those of the next.
        by: what leading vectors lead in.
        out: folder for evolution.png.
    """
    from specxai.plots import evolution_figure, save_figure
    from specxai.survey.evolution import QUICK, evolve_at
    from specxai.tables.survey import evolution_table, summarize_evolution
    from specxai.terminal.progress import progress_bars

    with output_folder(out, ["evolution.png"], run.overwrite):
        method, addresses = solver.solver(QUICK), read_layers(layers)
        opened = network.open(model, input, target)
        with progress_bars(run.quiet) as progress:
            result = evolve_at(
                opened.lin, addresses, opened.target, top, method, by, solver.memory, progress
            )
        result = replace(result, model=opened.model.name)
        save_figure(evolution_figure(result, opened.given.image), out / "evolution.png")
    summary = summarize_evolution(result)
    written = [out / "evolution.png"]
    run.tell(summary, [evolution_table(summary)], written, input_note=opened.given.note)
