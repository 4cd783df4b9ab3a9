"""``specxai show``."""

from contextlib import nullcontext
from pathlib import Path

from specxai.cli.app import app
from specxai.cli.options import Json, Overwrite
from specxai.cli.output import output_folder
from specxai.errors import InvalidInputError


@app.command
def show(
    file: Path,
    /,
    *,
    top: int = 3,
    strategies: bool = False,
    out: Path | None = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Show a stored explanation, without the network: a table, and a figure if asked for.

    Args:
        file: what 'specxai explain' or ex.save has written.
        top: how many components to list and draw, by σ and by contribution.
        strategies: also compare the ways to do with fewer components, side by side.
        out: folder for explanation.png; the file must hold the vectors of what is drawn.
    """
    from specxai.plots import explanation_figure, save_figure
    from specxai.spectral import load
    from specxai.tables.explanation import explanation_tables, strategies_table, summarize
    from specxai.terminal.printing import print_json, print_tables

    if top < 1:
        raise InvalidInputError(f"--top {top}: list at least 1 component")
    with nullcontext() if out is None else output_folder(out, ["explanation.png"], overwrite):
        result = load(file)
        summary = summarize(result, top)
        compared = result.strategies() if strategies else ()
        if out is not None:
            title = ": ".join(filter(None, (result.model, result.target_name)))
            figure = explanation_figure(result, top=top, title=title)
            save_figure(figure, out / "explanation.png")
    if json:
        print_json(summary, **({"strategies": compared} if strategies else {}))
        return
    print_tables(*explanation_tables(summary))
    if strategies:
        print_tables(strategies_table(compared))
    if out is not None:
        print(f"wrote {out / 'explanation.png'}")
