"""``specxai similarity``."""

from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.options import ResultOptions
from specxai.cli.output import output_file


@app.command
def similarity(
    *files: Path,
    k: int = 0,
    by: Literal["singular_value", "contribution", "reduced"] = "singular_value",
    absolute: bool = False,
    threshold: float = 0.5,
    out: Path = Path("similarity.png"),
    results: ResultOptions = ResultOptions(),  # noqa: B008, it is frozen
) -> None:
    """Compare the k-th singular vectors of stored explanations: groups and a figure.

    Args:
        files: explanations written by 'specxai explain', with the vectors that are compared.
        k: which vector, by its place in the ranking, from 0.
        by: the ranking: by σ, by |α|, or by the share after cancellation.
        absolute: take no account of signs, in place of aligning them.
        threshold: least mean |cosine| of two parts that are joined into one group, 0 to 1.
        out: the figure.
    """
    from specxai import load
    from specxai.plots import check_figure_name, save_figure, similarity_figure
    from specxai.survey import similarity as compare
    from specxai.tables.survey import named_groups, similarity_table

    check_figure_name(out)
    with output_file(out, results.overwrite):
        names = [str(file) for file in files]
        # One after the other, so that only the compared vectors are held.
        compared = compare(
            map(load, files), k, by=by, absolute=absolute, threshold=threshold, names=names
        )
        save_figure(similarity_figure(compared), out)
    tables = [similarity_table(compared)]
    results.tell(compared, tables, [out], groups=named_groups(compared))
