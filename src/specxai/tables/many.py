"""What a person reads of many inputs explained one after the other: a row for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from specxai.affine import Target
from specxai.spectral import Decomposition
from specxai.table import Cell, Table, cells
from specxai.tables.explanation import terms_of

# Up to here a share is that of a whole, and rounded to it.
_WHOLE = 1.05


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
        baseline: its name; None without one.
        components: how many lead; see `Decomposition.leading`.
        share: of what is linear in the input, that these add up to.
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
    baseline: str | None = None
    components: int | None = None
    share: float | None = None
    note: str = ""
    error: str = ""


def summarize_input(
    input: str, folder: str, explanation: Decomposition, note: str = ""
) -> InputNumbers:
    """Collect what is told of one of many inputs.

    Args:
        input: as it was given.
        folder: where its results are, below that of all.
        explanation: the result.
        note: what was assumed in reading the input.
    """
    terms = terms_of(explanation)
    of_one = explanation.target is not None  # contributions to all outputs do not add up
    lead = explanation.leading().tolist() if of_one else []
    total = float(explanation.contributions[lead].sum())
    return InputNumbers(
        input=input,
        folder=folder,
        target=explanation.target,
        class_=explanation.target_name,
        probability=explanation.probability,
        output=terms.output,
        bias=terms.bias,
        baseline=explanation.baseline_name,
        components=len(lead) if of_one else None,
        share=total / terms.linear if of_one and terms.linear else None,
        note=note,
    )


def many_table(rows: Sequence[InputNumbers], title: str) -> Table:
    """Lay out many inputs, one row each, and under them why some have no result.

    Args:
        rows: the inputs.
        title: what was explained.
    """
    baselines = dict.fromkeys(row.baseline for row in rows if row.baseline is not None)
    start, step = ("y₀", "u·(x − x₀)") if baselines else ("b", "u·x")
    several = len({row.baseline for row in rows if not row.error}) > 1
    middle = ("x₀", start) if several else (start,)
    columns = "input", "output", "probability", "y", *middle, "components", "share"
    failed = [row for row in rows if row.error]
    notes = [f"share: of {step}, that so many leading components add up to"]
    if baselines:
        notes.append(f"y₀: the output at the baseline x₀ ({', '.join(baselines)})")
    if several:
        notes.append("y₀ and shares are of unlike baselines: --baseline takes one for all")
    if any(row.share is not None and not 0 <= row.share <= _WHOLE for row in rows):
        notes.append("a share beyond 100 %, or below 0: other components take that away again")
    notes += (f"{row.input}: {row.error}" for row in failed)
    if failed:
        notes.append(f"{len(failed):,} of {len(rows):,} inputs could not be explained")
    laid = tuple(_row(row, several) for row in rows)
    return Table(columns, laid, title, tuple(notes), words=(0, 1, 4) if several else (0, 1))


def _row(row: InputNumbers, several: bool) -> tuple[Cell, ...]:
    if row.error:
        return cells(row.input, "not explained", *[""] * (6 if several else 5))
    number = "all" if row.target is None else f"{row.target}"
    return cells(
        row.input,
        number if row.class_ is None else f"{number} {row.class_!r}",
        _known(row.probability, ".3f"),
        _known(row.output, "+.5f"),
        *([row.baseline or "none"] if several else []),
        _known(row.bias, "+.5f"),
        "" if row.components is None else f"{row.components}",
        _known(row.share, ".0%"),
    )


def _known(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"
