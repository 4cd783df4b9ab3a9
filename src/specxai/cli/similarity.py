"""``specxai similarity``."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from specxai.cli.app import app
from specxai.cli.options import ResultOptions
from specxai.cli.output import output_file

if TYPE_CHECKING:
    from specxai.spectral import StoredExplanation


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

    Results are called after their files, or folders, and classes.

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
        # One after the other, so that only the compared vectors are held.
        classes: list[str | None] = []
        read = (_noted(load(file), classes) for file in files)
        compared = compare(read, k, by=by, absolute=absolute, threshold=threshold)
        compared = replace(compared, names=labels(files, classes))
        save_figure(similarity_figure(compared), out)
    tables = [similarity_table(compared)]
    results.tell(compared, tables, [out], groups=named_groups(compared))


def labels(files: Sequence[Path], classes: Sequence[str | None]) -> tuple[str, ...]:
    """Return names for results: what is different in their paths, and the class, if there is one.

    >>> labels([Path("a/cat/explanation.safetensors"), Path("a/dog/explanation.safetensors")],
    ...        ["tiger cat", None])
    ('cat (tiger cat)', 'dog')
    """
    paths = [file.with_suffix("").parts for file in files]
    ahead, behind = _shared(paths), _shared([path[::-1] for path in paths])
    names = ("/".join(path[ahead : len(path) - behind]) or path[-1] for path in paths)
    return tuple(
        name if class_ is None else f"{name} ({class_})"
        for name, class_ in zip(names, classes, strict=True)
    )


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """Count the parts with which all paths begin."""
    return sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*paths)))  # noqa: B905


def _noted(result: "StoredExplanation", classes: list[str | None]) -> "StoredExplanation":
    """Return a result, and note its class."""
    classes.append(result.target_name)
    return result
