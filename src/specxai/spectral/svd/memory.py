"""How much memory a decomposition may take, and where its rows are kept so that it does not."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from specxai.affine import Jacobian
from specxai.errors import InvalidInputError, NotEnoughMemoryError

_UNITS = {"": 1, "B": 1} | {f"{p}iB": 1024**n for n, p in enumerate("KMGT", 1)}
_UNITS |= {f"{p}B": 1000**n for n, p in enumerate("KMGT", 1)}

# One block of columns in float64, on its way into the Gram matrix.
COLUMN_BYTES = 2**27
# The matrix, its eigenvectors, and the eigensolver's own copies.
_GRAM_COPIES = 4
# A matrix of more rows than columns, the copies that LAPACK works on, and the left vectors.
_TALL_COPIES = 5
# The right vectors, and the singular value decomposition's own copies of the triangle.
_SQUARE_COPIES = 6
_SMALLEST_BLOCK = 4

Place = Literal["memory", "file", "nowhere"]


def read_memory(amount: int | str | None, device: torch.device) -> int:
    """Return a number of bytes.

    Args:
        amount: bytes, or text such as ``2GiB``; None for nine tenths of what is free.
        device: where the memory is wanted.

    Raises:
        InvalidInputError: the text is no amount of memory.

    >>> read_memory("2GiB", torch.device("cpu"))
    2147483648
    """
    if amount is None:
        return max(1, int(0.9 * free_memory(device)))
    parts = re.fullmatch(r"\s*([\d.]+)\s*(\w*)\s*", str(amount))
    units = {unit.lower(): size for unit, size in _UNITS.items()}
    try:
        size = int(float(parts[1]) * units[parts[2].lower()]) if parts else 0
    except (KeyError, ValueError):
        size = 0
    if size <= 0:
        raise InvalidInputError(f"memory {amount!r} is no amount: give bytes, or such as '2GiB'")
    return size


def free_memory(device: torch.device) -> int:
    """Return the bytes that are free on a device; a very large number where nobody knows."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu" or "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return 2**50
    free = _available() or os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(free, _free_in_container(Path("/sys/fs/cgroup")))


def _available(file: Path = Path("/proc/meminfo")) -> int | None:
    """Return the bytes that Linux can give, cached files it would drop for them included."""
    try:
        told = re.search(r"^MemAvailable:\s+(\d+) kB", file.read_text(), re.MULTILINE)
    except OSError:  # another system
        return None
    return None if told is None else 1024 * int(told[1])


def _free_in_container(group: Path) -> int:
    """Return what a control group still allows, apart from cached files that it would drop."""
    try:
        limit = int((group / "memory.max").read_text())
        taken = int((group / "memory.current").read_text())
        told = re.search(r"^inactive_file (\d+)", (group / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # no such file, or "max"
        return 2**50
    return limit - taken + (int(told[1]) if told else 0)


def within(right: Jacobian, budget: int) -> Jacobian:
    """Return a Jacobian whose blocks of products take at most half of a budget of bytes."""
    return right.in_blocks_of(_block(right, budget // 2, right.shape[1] * right.x.element_size()))


@dataclass(frozen=True)
class Storage:
    """Where the rows of a Jacobian are kept, and how many are computed at a time."""

    place: Place
    block: int


def plan_storage(right: Jacobian, count: int, budget: int, scratch: Path | None) -> Storage:
    """Find a way to decompose a Jacobian within a budget of memory.

    In order of preference: all rows in memory; all rows in a file; no rows at all, where every
    block of rows is multiplied by the Jacobian again.

    Args:
        right: R, of shape (m, M).
        count: the number of active rows.
        budget: bytes that may be taken beside the model.
        scratch: a folder for rows that do not fit in memory; None for none.

    Raises:
        NotEnoughMemoryError: not even the Gram matrix fits; the message says what would be needed.
    """
    row = right.shape[1] * right.x.element_size()
    if by_columns(right, count):
        row = max(row, right.shape[0] * right.x.element_size())
    smallest = _SMALLEST_BLOCK * (right.sample_bytes + 2 * row)
    plans = _tall if count > right.shape[1] else _wide
    needs = plans(right, count, smallest)
    for place, (need, held) in needs.items():
        if need <= budget and (place != "file" or scratch is not None):
            return Storage(place, _block(right, budget - held, row))
    least = min(need for need, _ in needs.values())
    raise NotEnoughMemoryError(
        f"the {count:,} active rows at this layer need {gibibytes(needs['memory'][0])} in memory, "
        f"or {gibibytes(least)} without keeping them, and {gibibytes(budget)} may be used: allow "
        "more memory, take method='krylov', or split at a layer with fewer active units"
    )


def by_columns(right: Jacobian, count: int) -> bool:
    """Tell whether R is computed by columns: a product with R takes about as long as two rows.

    Args:
        right: R, of shape (m, M).
        count: the number of active rows.
    """
    return count >= 2 * right.shape[1]


def _wide(right: Jacobian, count: int, smallest: int) -> dict[Place, tuple[int, int]]:
    """Return what each place needs at its peak, and what it holds while rows are computed."""
    everything = count * right.shape[1] * right.x.element_size()
    matrix = 8 * count**2
    # In float64 the triangle of a QR factorization is beside a block of columns as wide.
    gram = (_GRAM_COPIES + (2 if right.x.dtype == torch.float64 else 0)) * matrix
    columns = 2 * min(COLUMN_BYTES, 8 * count * right.shape[1])
    return {
        "memory": (
            max(everything + max(smallest, gram // _GRAM_COPIES + columns), gram),
            everything,
        ),
        "file": (max(smallest, gram + columns), 0),
        "nowhere": (max(smallest + gram // _GRAM_COPIES, gram), gram // _GRAM_COPIES),
    }


def _tall(right: Jacobian, count: int, smallest: int) -> dict[Place, tuple[int, int]]:
    """Return the same where there are more active rows than inputs: R itself is decomposed."""
    whole, square, gram = (
        8 * a * b for a, b in ((count, right.shape[1]), (right.shape[1],) * 2, (count, count))
    )
    peak = _TALL_COPIES * whole + _SQUARE_COPIES * square
    return {
        "memory": (max(whole + smallest, peak), whole),
        "nowhere": (max(smallest + gram, _GRAM_COPIES * gram), gram),
    }


def gibibytes(size: int) -> str:
    """Write a number of bytes for people."""
    if size < 2**20:
        return f"{size:,} bytes"
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 / 10 else f"{size / 2**20:.0f} MiB"


def _block(right: Jacobian, free: int, row: int) -> int:
    """Return how many rows at a time fit into what is free: a power of two, for equal shares."""
    fits = max(1, min(right.block, free // (right.sample_bytes + 2 * row)))
    return 1 << (fits.bit_length() - 1)
