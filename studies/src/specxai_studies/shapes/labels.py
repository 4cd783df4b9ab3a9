"""Labels as they come in: one line of JSON a shape, added at the end, so that nothing is lost."""

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from specxai.errors import LoadError
from specxai.files import write_atomically
from specxai_studies.shapes.parameters import Parameter, draw


@dataclass(frozen=True)
class Outcome:
    """What became of one shape.

    Attributes:
        index: its number.
        numbers: of the solver by name, the label first; empty if it failed.
        failure: why; empty if it did not.
    """

    index: int
    numbers: dict[str, float]
    failure: str = ""


def add_outcome(path: Path, outcome: Outcome) -> None:
    """Add one outcome to a file, which is made if there is none; on return it is on the disk."""
    line = json.dumps(
        {"index": outcome.index, "failure": outcome.failure, "numbers": outcome.numbers}
    )
    with path.open("a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def read_outcomes(path: Path) -> dict[int, Outcome]:
    """Read all outcomes by index, the last of each.

    A last line that was cut off is taken away.

    Raises:
        LoadError: another line is broken.
    """
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    outcomes = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            outcome = Outcome(int(entry["index"]), dict(entry["numbers"]), str(entry["failure"]))
        except (ValueError, KeyError, TypeError) as fault:
            if number == len(lines):
                write_atomically(path, "".join(f"{each}\n" for each in lines[:-1]).encode())
                break
            raise LoadError(f"{path}: line {number} is no outcome of a shape") from fault
        outcomes[outcome.index] = outcome
    return outcomes


def write_table(
    path: Path, parameters: Sequence[Parameter], seed: int, outcomes: Sequence[Outcome]
) -> None:
    """Write finished shapes as .csv: index, parameters, numbers.

    Args:
        path: the file; an existing one is replaced.
        parameters: of the data set.
        seed: of the data set.
        outcomes: those that failed are left out.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    finished = sorted((each for each in outcomes if not each.failure), key=lambda each: each.index)
    names = list(finished[0].numbers) if finished else []
    writer.writerow(["index", *(each.name for each in parameters), *names])
    for outcome in finished:
        values = draw(parameters, seed, outcome.index).values()
        numbers = [outcome.numbers[name] for name in names]
        writer.writerow([outcome.index, *(f"{each:.6g}" for each in (*values, *numbers))])
    write_atomically(path, text.getvalue().encode())


def read_table(text: str) -> list[dict[str, float]]:
    """Read what `write_table` wrote: one row a shape, by name."""
    return [
        {name: float(value) for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(text))
    ]
