"""Rows of a table and the scale of its columns, as options of every command that takes an input."""

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cyclopts import Parameter

if TYPE_CHECKING:
    from torch import Tensor

    from specxai.affine import NamedBaseline
    from specxai.models import LoadedInput
    from specxai.models.table_input import Moments


@Parameter(name="*")
@dataclass(frozen=True)
class TableOptions:
    """Which row of a table is the input, and how much its columns vary.

    Attributes:
        row: which row of a .csv file, or of a .npy array of several inputs, counted from 0. The
            mean of all rows is then what --baseline mean takes, and of a table auto too.
        scale: units that directions are measured in, for inputs of unlike units: deviation, that
            of all rows of INPUT, or a .csv, .npy or .safetensors FILE with a deviation for each
            input. The network takes its inputs in their own units.
    """

    row: int | None = None
    scale: str | None = None

    def read_scale(self, given: "LoadedInput") -> "tuple[LoadedInput, Moments | None]":
        """Return the scale of an input, and the input with a note of what was assumed of it."""
        from specxai.models.table_input import load_scale

        if self.scale is None:
            return given, None
        scale, note = load_scale(self.scale, given)
        if note:
            print(f"{given.name}: {note}", file=sys.stderr)
        return replace(given, note="; ".join(filter(None, (given.note, note)))), scale

    def baseline(
        self,
        name: str,
        start: "Tensor | NamedBaseline | None",
        given: "LoadedInput",
        scale: "Moments | None",
    ) -> "tuple[Tensor | NamedBaseline | None, str | None]":
        """Return a baseline and its name: of a table ``mean`` is that of all rows, and so is auto.

        Args:
            name: what stands on the command line for it.
            start: what that is without a table.
            given: the input.
            scale: of the input; it may know a mean of its own, which comes first.
        """
        from specxai.models.table_input import mean_row

        told = None if name in ("none", "auto") else name
        rows = given.rows
        several = rows is not None and rows.ndim == 2 and len(rows) > 1
        mean = None
        if not isinstance(scale, tuple) and (name == "mean" or (name == "auto" and several)):
            mean = mean_row(given)
        return (start, told) if mean is None else (mean, "mean")
