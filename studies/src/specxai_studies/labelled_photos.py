"""Photos of which the right classes are known."""

import csv
from pathlib import Path

from specxai.errors import InvalidInputError


def read_classes(folder: Path, network: str = "") -> dict[str, tuple[int, ...]]:
    """Read ``classes.csv``: of each file the numbers of the classes that are right.

    Args:
        folder: holds it, with columns ``file`` and ``classes``: ``282 tiger cat|281 tabby``.
        network: the name of one that has other classes; where there is a column of this name, it
            has them.

    Raises:
        InvalidInputError: it is not there, or a row has no class.
    """
    path = folder / "classes.csv"
    if not path.is_file():
        raise InvalidInputError(f"no {path}: list the photos' classes there, as file,classes")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    column = network if rows and network in rows[0] else "classes"
    try:
        return {
            row["file"]: tuple(int(each.split()[0]) for each in row[column].split("|"))
            for row in rows
        }
    except (KeyError, ValueError, IndexError) as error:
        raise InvalidInputError(
            f"{path} has a row without file or class numbers: write 'cat.jpg,282 tiger cat'"
        ) from error
