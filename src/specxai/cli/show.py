"""``specxai show``."""

from contextlib import nullcontext
from pathlib import Path

from specxai.cli.app import app
from specxai.cli.options import ResultOptions
from specxai.cli.output import output_folder
from specxai.errors import InvalidInputError

_FIGURE = "explanation.png"


@app.command
def show(
    file: Path,
    /,
    *,
    top: int = 3,
    strategies: bool = False,
    out: Path | None = None,
    results: ResultOptions = ResultOptions(),  # noqa: B008, it is frozen
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

    if top < 1:
        raise InvalidInputError(f"--top {top}: list at least 1 component")
    figures = [] if out is None else [out / _FIGURE]
    reserved = nullcontext() if out is None else output_folder(out, [_FIGURE], results.overwrite)
    with reserved:
        result = load(file)
        summary = summarize(result, top)
        tables, more = [*explanation_tables(summary)], {}
        if strategies:
            more["strategies"] = result.strategies()
            tables.append(strategies_table(more["strategies"]))
        for figure in figures:
            title = ": ".join(filter(None, (result.model, result.target_name)))
            save_figure(explanation_figure(result, top=top, title=title), figure)
    results.tell(summary, tables, figures, **more)
