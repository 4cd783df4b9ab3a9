"""What a person reads of many inputs explained one after the other: a row for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from specxai.affine import Target
from specxai.spectral import Decomposition
from specxai.table import Cell, Table, cells
from specxai.tables.explanation import terms_of


@dataclass(frozen=True, kw_only=True)
class InputNumbers:
    """One of many inputs: what the network says of it, or why it could not be explained.

    Attributes:
        input: as it was given.
        folder: where its results are, below that of all; None where there are none.
        target: position of the explained output; None for all of them.
        class_: name of the output, where it has one.
        probability: of that class.
        output: y; of all outputs their norm, as for the bias.
        bias: y₀, the output at the baseline; without one what the biases add.
        components: how many are listed.
        share: of what is linear in the input, that they add up to; None where that is nothing.
        note: what was assumed in reading the input; empty where nothing was.
        error: why there is no result; empty where there is one.
    """

    input: str
    folder: str | None = None
    target: Target = None
    class_: str | None = None
    probability: float | None = None
    output: float | None = None
    bias: float | None = None
    components: int | None = None
    share: float | None = None
    note: str = ""
    error: str = ""


def summarize_input(
    input: str, folder: str, explanation: Decomposition, listed: Sequence[int], note: str = ""
) -> InputNumbers:
    """Collect what is told of one of many inputs.

    Args:
        input: as it was given.
        folder: where its results are, below that of all.
        explanation: the result.
        listed: the components that it is told by.
        note: what was assumed in reading the input.
    """
    terms = terms_of(explanation)
    total = float(explanation.contributions[list(listed)].sum())
    told = explanation.target is not None and terms.linear != 0
    return InputNumbers(
        input=input,
        folder=folder,
        target=explanation.target,
        class_=explanation.target_name,
        probability=explanation.probability,
        output=terms.output,
        bias=terms.bias,
        components=len(listed),
        share=total / terms.linear if told else None,
        note=note,
    )


def many_table(rows: Sequence[InputNumbers], title: str, baseline: str | None = None) -> Table:
    """Lay out many inputs, one row each, and under them why some have no result.

    Args:
        rows: the inputs.
        title: what was explained.
        baseline: name of the baseline; None where there is none.
    """
    start, step = ("b", "u·x") if baseline is None else ("y₀", "u·(x − x₀)")
    columns = "input", "output", "probability", "y", start, "components", f"of {step}", "folder"
    failed = [row for row in rows if row.error]
    notes = [f"{row.input}: {row.error}" for row in failed]
    if baseline is not None:
        notes.insert(0, f"y₀: the output at the baseline x₀ ({baseline})")
    if failed:
        notes.append(f"{len(failed):,} of {len(rows):,} inputs could not be explained")
    return Table(columns, tuple(map(_row, rows)), title, tuple(notes), words=(0, 1, 7))


def _row(row: InputNumbers) -> tuple[Cell, ...]:
    if row.error:
        return cells(row.input, "not explained", *[""] * 6)
    number = "all" if row.target is None else f"{row.target}"
    return cells(
        row.input,
        number if row.class_ is None else f"{number} {row.class_!r}",
        _known(row.probability, ".3f"),
        _known(row.output, "+.5f"),
        _known(row.bias, "+.5f"),
        f"{row.components}",
        _known(row.share, ".0%"),
        row.folder or "",
    )


def _known(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"
