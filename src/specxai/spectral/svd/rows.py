"""The active rows of a Jacobian, in memory or in a scratch file, read by blocks of columns."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from specxai.errors import SpecxaiError


class Rows:
    """A matrix that is written by blocks of rows and read by blocks of columns.

    Attributes:
        shape: (a, M).
        width: how many columns are read at a time.
    """

    def __init__(self, shape: tuple[int, int], like: Tensor, width: int) -> None:
        self.shape = shape
        self.width = width
        self._like = like.new_empty(0)
        self._values = self._like.new_empty(0)

    def write(self, start: int, block: Float[Tensor, "k M"]) -> None:
        """Store consecutive rows, the first at a position."""
        if not len(self._values):
            self._values = self._like.new_empty(self.shape)
        self._values[start : start + len(block)] = block

    def columns(self) -> Iterator[Float[Tensor, "a _"]]:
        """Yield all columns, block after block, in the dtype of the rows."""
        yield from self._values.split(self.width, dim=1)

    def clear(self) -> None:
        """Give the memory back."""
        self._values = self._like


class RowsOnFile(Rows):
    """The same in a file of blocks of columns, of which one at a time is mapped into memory."""

    def __init__(self, shape: tuple[int, int], like: Tensor, width: int, file: Path) -> None:
        super().__init__(shape, like, width)
        self._number = np.dtype(str(like.dtype).removeprefix("torch."))
        self._file = file
        with file.open("wb") as handle:
            handle.truncate(shape[0] * shape[1] * self._number.itemsize)

    def write(self, start: int, block: Float[Tensor, "k M"]) -> None:
        """Store consecutive rows, the first at a position."""
        values = block.cpu().numpy()
        with self._file.open("r+b") as handle:
            for left in range(0, self.shape[1], self.width):
                part = np.ascontiguousarray(values[:, left : left + self.width])
                handle.seek((left * self.shape[0] + start * part.shape[1]) * part.itemsize)
                part.tofile(handle)

    def columns(self) -> Iterator[Float[Tensor, "a _"]]:
        """Yield all columns, block after block, in the dtype of the rows."""
        for left in range(0, self.shape[1], self.width):
            shape = (self.shape[0], min(self.width, self.shape[1] - left))
            offset = left * self.shape[0] * self._number.itemsize
            mapped = np.memmap(self._file, self._number, "c", offset, shape)
            yield torch.from_numpy(mapped).to(self._like.device)
            del mapped


@contextmanager
def rows_on_file(
    shape: tuple[int, int], like: Tensor, width: int, folder: Path
) -> Iterator[RowsOnFile]:
    """Keep rows in a scratch file, which is gone afterwards, whatever happens.

    Raises:
        SpecxaiError: the folder cannot be written to.
    """
    try:
        home = tempfile.TemporaryDirectory(prefix="specxai-", dir=folder)
    except OSError as fault:
        raise SpecxaiError(
            f"cannot write to the scratch folder {folder}: {fault.strerror}"
        ) from fault
    with home as path:
        yield RowsOnFile(shape, like, width, Path(path) / "rows")
