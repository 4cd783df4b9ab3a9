"""Rows of a table as inputs: read from a .csv file, with its mean, its deviations, and others'."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from specxai.errors import LoadError
from specxai.models.loaded import LoadedInput, LoadedModel
from specxai.models.user_files import TENSOR_SUFFIXES, existing_file, read_tensors

_PICKLES = {".pkl", ".pickle", ".joblib"}

# What `specxai.linearize` takes as a scale: mean, where it is known, and deviations.
Moments = Tensor | tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of numbers.

    Attributes:
        names: of the columns, in their order, all different.
        rows: shape (n, columns), n at least 1, float64, finite.
    """

    names: tuple[str, ...]
    rows: Float[np.ndarray, "n columns"]


def read_table(file: Path) -> Table:
    """Read a .csv file: a header of names, and rows of finite numbers, with commas between.

    Args:
        file: UTF-8; blank lines are skipped.

    Raises:
        LoadError: it cannot be read, has no header or no row, or a cell is no finite number; the
            message names line and column.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        said = getattr(fault, "strerror", None) or fault
        raise LoadError(f"table '{file}' cannot be read: {said}") from fault
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if len(lines) < 2:
        raise LoadError(f"table '{file}' has no rows: give a header of names, and a row below it")
    names = _checked_names(lines[0][1], file)
    return Table(names, np.array(list(_numbers(names, lines[1:], file))))


def load_table(file: Path, model: LoadedModel, row: int | None = None) -> LoadedInput:
    """Load a row of a .csv file as an input of a network.

    Args:
        file: The table.
        model: The network.
        row: Which row, counted from 0 behind the header; None takes the only one.

    Returns:
        The row, shape (1, columns), float32, with the names of its columns and all rows.

    Raises:
        LoadError: The table cannot be read, does not have the row, or the network takes another
            number of values.
    """
    table = read_table(file)
    expected = model.input_shape
    if expected is not None and expected != (len(table.names),):
        raise LoadError(
            f"table '{file}' has {len(table.names)} columns, but {model.name} takes "
            f"{(1, *expected)}: keep the columns of its inputs, in their order"
        )
    rows = torch.from_numpy(table.rows)
    chosen = choose_row(rows, file, row).float()
    name = file.name if row is None else f"{file.name} row {row}"
    return LoadedInput(name, chosen, names=table.names, rows=rows)


def choose_row(rows: Float[Tensor, "n ..."], file: Path, row: int | None) -> Float[Tensor, "1 ..."]:
    """Return one of several inputs, with its batch dimension.

    Args:
        rows: the inputs.
        file: where they are from.
        row: which, counted from 0; None takes the only one.

    Raises:
        LoadError: there are several, or not so many.
    """
    count = len(rows)
    if row is None and count != 1:
        raise LoadError(
            f"'{file}' holds {count:,} rows: of INPUT choose one by --row, from 0 to {count - 1}; "
            "a baseline, or a scale, is a file of its own with one row, shape (1, …)"
        )
    if row is not None and not 0 <= row < count:
        raise LoadError(
            f"--row {row} is not in '{file}': rows are counted from 0, choose 0 to {count - 1}"
        )
    return rows[row or 0][None]


def mean_row(given: LoadedInput) -> Float[Tensor, "1 ..."] | None:
    """Return the mean of the rows that an input was chosen from; None where it is alone."""
    return None if given.rows is None else given.rows.double().mean(0, keepdim=True)


def load_scale(spec: str, given: LoadedInput) -> tuple[Moments, str]:
    """Load the scale of an input.

    Args:
        spec: "deviation", the standard deviation of the rows that the input was chosen from, over
            n, with their mean; or a file of deviations: a .npy array, a .csv table of one row, or
            a .safetensors file with a tensor "scale", and a "mean" if it is known.
        given: The input.

    Returns:
        What `specxai.linearize` takes, and what a reader should know of it, mostly nothing.

    Raises:
        LoadError: The file cannot be read or is none of these, its columns are others, or there
            are no rows to tell a deviation from.
    """
    if spec == "deviation":
        return _deviation(given)
    suffix = Path(spec).suffix.lower()
    if suffix in _PICKLES:
        raise LoadError(
            f"scale '{spec}' is not loaded, a pickle may run code: save the scaler's deviations, "
            "numpy.save('scale.npy', scaler.scale_) of a StandardScaler"
        )
    if suffix not in (".csv", *TENSOR_SUFFIXES):
        raise LoadError(
            f"scale {spec!r} is not of a known form: write deviation, or a .csv, .npy or "
            ".safetensors FILE of deviations (components are scaled by surgery --factors)"
        )
    file = existing_file(spec, "scale")
    if suffix == ".csv":
        table = read_table(file)
        check_same_columns(table.names, given.names, file)
        return choose_row(torch.from_numpy(table.rows), file, None), ""
    tensors = read_tensors(file)
    if suffix == ".npy":
        return tensors[""], ""
    if "scale" not in tensors or not tensors.keys() <= {"scale", "mean"}:
        raise LoadError(f"scale '{file}' holds {', '.join(tensors)}: name them scale and mean")
    scale = tensors["scale"]
    return ((tensors["mean"], scale) if "mean" in tensors else scale), ""


def check_same_columns(names: Sequence[str], expected: Sequence[str], file: Path) -> None:
    """Refuse a table whose columns are not those of the input; names may be unknown.

    Raises:
        LoadError: they are others, or in another order.
    """
    if not names or not expected or tuple(names) == tuple(expected):
        return
    pairs = zip(names, expected, strict=False)
    odd = next(((a, b) for a, b in pairs if a != b), (f"{len(names)} columns", len(expected)))
    raise LoadError(
        f"'{file}' has {odd[0]!r} where the input has {odd[1]!r}: give the same columns in the "
        "same order"
    )


def _deviation(given: LoadedInput) -> tuple[Moments, str]:
    if given.rows is None or len(given.rows) < 2:
        raise LoadError(
            "--scale deviation needs an INPUT with several rows, and --row; or give a FILE of "
            "deviations"
        )
    rows = given.rows.double()
    constant = (rows == rows[0]).all(0)
    spread = rows.std(0, correction=0).where(~constant, 1.0)
    return (rows.mean(0, keepdim=True), spread[None]), _constants(constant, given.names)


def _constants(constant: Bool[Tensor, "..."], names: Sequence[str]) -> str:
    """Say which columns do not vary."""
    places = constant.flatten().nonzero()[:, 0].tolist()
    if not places:
        return ""
    told = [names[place] if names else f"value {place}" for place in places[:4]]
    more = f" and {len(places) - 4:,} others" if len(places) > 4 else ""
    return f"{', '.join(told)}{more}: the same in all rows, scale 1"


def _checked_names(cells: list[str], file: Path) -> tuple[str, ...]:
    if len(cells) == 1 and (";" in cells[0] or "\t" in cells[0]):
        raise LoadError(f"table '{file}': separate the cells by commas")
    if all(_number(cell) is not None for cell in cells):
        raise LoadError(
            f"table '{file}' begins with numbers: give it a first line of the inputs' names"
        )
    empty = next((place for place, cell in enumerate(cells) if not cell), None)
    if empty is not None:
        raise LoadError(
            f"table '{file}': column {empty} has no name (an index? pandas writes none with "
            "index=False)"
        )
    twice = next((cell for cell in cells if cells.count(cell) > 1), None)
    if twice is not None:
        raise LoadError(f"table '{file}' has two columns {twice!r}: name each once")
    return tuple(cells)


def _numbers(
    names: Sequence[str], lines: Sequence[tuple[int, list[str]]], file: Path
) -> Iterator[list[float]]:
    for number, cells in lines:
        if len(cells) != len(names):
            raise LoadError(
                f"table '{file}', line {number}: {len(cells)} cells under {len(names)} names"
            )
        yield [_cell(cell, name, number, file) for cell, name in zip(cells, names, strict=True)]


def _cell(text: str, name: str, line: int, file: Path) -> float:
    value = _number(text)
    if value is not None and isfinite(value):
        return value
    if not text:
        what = "is empty: fill it in, or leave out the line"
    elif value is None:
        what = f"is {text!r}, no number: leave out columns of text"
    else:
        what = f"is {text!r}, not finite: leave out the line"
    raise LoadError(f"table '{file}', line {line}: {name!r} {what}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
