"""Many inputs on the command line: each explained into a folder of its own, and one table."""

import sys
from collections.abc import Callable, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from specxai.cli.app import in_one_line
from specxai.cli.options import ResultOptions
from specxai.cli.output import output_folder
from specxai.errors import SpecxaiError

if TYPE_CHECKING:
    from specxai.tables.many import InputNumbers

# The exit code where some inputs were explained and some could not be.
SOME_FAILED = 3


def expand_inputs(inputs: Sequence[str]) -> list[str]:
    """Return inputs with those of a folder in place of the folder.

    What is left out of a folder is counted on standard error.

    Args:
        inputs: as they stand on the command line.

    Raises:
        LoadError: a folder holds no input.
    """
    from specxai.models.folders import inputs_in

    expanded: list[str] = []
    for each in inputs:
        if not Path(each).is_dir():
            expanded.append(each)
            continue
        files, others = inputs_in(Path(each))
        expanded += map(str, files)
        if others:
            print(f"{each}: {others:,} left out, no picture and no tensor", file=sys.stderr)
    return expanded


def folder_names(inputs: Sequence[str]) -> list[str]:
    """Return a name for the results of each input: that of its file, made different by a number.

    >>> folder_names(["cat.jpg", "b/Cat.png", "demo:chelsea"])
    ['cat', 'Cat-2', 'chelsea']
    """
    names: list[str] = []
    taken: set[str] = set()  # some file systems do not tell A from a
    for each in inputs:
        stem = Path(each.removeprefix("demo:")).stem
        tries = chain([stem], (f"{stem}-{number}" for number in count(2)))
        names.append(next(name for name in tries if name.casefold() not in taken))
        taken.add(names[-1].casefold())
    return names


def explain_each(
    inputs: Sequence[str],
    out: Path,
    results: Sequence[str],
    explain: "Callable[[str, Path], InputNumbers]",
    overwrite: bool = False,
    quiet: bool = False,
) -> "tuple[InputNumbers, ...]":
    """Explain one input after the other; one that fails does not stop the others.

    Args:
        inputs: as they stand on the command line, without folders.
        out: for the folders of all, which is made and reserved, and each of them.
        results: names of the files that are written for each.
        explain: explains one input and writes its results into a folder.
        overwrite: let results of an earlier run be there.
        quiet: do not say on a terminal which input it is.

    Returns:
        One row each, with the fault of one that failed.

    Raises:
        SpecxaiError: all failed, and in the same way.
    """
    names = folder_names(inputs)
    files = [f"{name}/{result}" for name in names for result in results]
    rows = []
    with output_folder(out, files, overwrite):
        for number, (each, name) in enumerate(zip(inputs, names, strict=True), 1):
            if sys.stderr.isatty() and not quiet:
                print(f"{number:,} of {len(inputs):,}: {each}", file=sys.stderr)
            rows.append(_explain_one(each, out / name, explain))
    faults = {row.error for row in rows}
    if "" not in faults and len(faults) == 1:
        raise SpecxaiError(*faults)
    return tuple(rows)


def tell_each(rows: "Sequence[InputNumbers]", model: str, out: Path, run: ResultOptions) -> None:
    """Print a table of many inputs, or their numbers; the exit code says if some failed, or all.

    Args:
        rows: the inputs.
        model: name of the model.
        out: where the results are.
        run: how to print them.
    """
    from specxai.tables.many import many_table

    table = many_table(rows, f"{model} on {len(rows):,} inputs")
    explained = [row for row in rows if not row.error]
    run.tell({"model": model, "inputs": rows}, [table], [out] if explained else [])
    if len(explained) < len(rows):
        sys.exit(SOME_FAILED if explained else 2)


def _explain_one(
    input: str, folder: Path, explain: "Callable[[str, Path], InputNumbers]"
) -> "InputNumbers":
    from specxai.tables.many import InputNumbers

    try:
        with output_folder(folder, overwrite=True):
            return explain(input, folder)
    except Exception as fault:  # whatever it is, the others are to be explained
        return InputNumbers(input=input, error=in_one_line(fault))
