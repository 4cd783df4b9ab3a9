"""``specxai show``."""

from contextlib import nullcontext
from pathlib import Path

from specxai.cli.app import app
from specxai.cli.options import FigureOptions, ResultOptions
from specxai.cli.output import output_folder


@app.command
def show(
    file: Path,
    /,
    *,
    details: bool = False,
    strategies: bool = False,
    draw: FigureOptions = FigureOptions(),  # noqa: B008, it is frozen
    out: Path | None = None,
    results: ResultOptions = ResultOptions(),  # noqa: B008, it is frozen
) -> None:
    """Show a stored explanation, without the network: the answer, and a figure if asked for.

    Args:
        file: what 'specxai explain' or ex.save has written.
        details: print σ, c, ψ and α of components, and all terms, in place of the answer in words.
        strategies: also compare the ways to do with fewer components, side by side.
        out: folder for explanation.png; the file must hold the vectors of what is drawn.
    """
    from specxai.spectral import load
    from specxai.tables.answer import tell
    from specxai.tables.explanation import strategies_table, summarize

    figures = [] if out is None else [out / draw.file]
    reserved = nullcontext() if out is None else output_folder(out, [draw.file], results.overwrite)
    with reserved:
        result = load(file)
        summary = summarize(result, draw.listed)
        tables, more = tell(result, summary, details)
        if strategies:
            compared = more["strategies"] = result.strategies()
            tables.append(strategies_table(compared))
        for figure in figures:
            draw.draw(result, figure)
    results.tell(summary, tables, figures, **more)
