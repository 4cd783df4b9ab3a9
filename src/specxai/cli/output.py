"""Where a command writes: checked and reserved before it computes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from specxai.errors import SpecxaiError

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None  # type: ignore[assignment]

_REMEDY = "give another --out"


@contextmanager
def output_folder(
    folder: Path, results: Sequence[str] = (), overwrite: bool = False
) -> Iterator[None]:
    """Reserve a folder for the work inside the block.

    It is made, and unmade if nothing was written; no other run may reserve it meanwhile.

    Args:
        folder: where the results go.
        results: names of the files that will be written, which must not be there; none where a
            run goes on with what an earlier one has left.
        overwrite: let them be there.

    Raises:
        SpecxaiError: the folder cannot be made or written to, another run is writing into it, or
            it holds the results of an earlier one.
    """
    with _made(folder), _locked(folder / ".specxai.lock", folder):
        _refuse([folder / name for name in results], overwrite)
        yield


@contextmanager
def output_file(path: Path, overwrite: bool = False) -> Iterator[None]:
    """Reserve a file for the work inside the block; see `output_folder`.

    Args:
        path: the file; its folder is made.
        overwrite: let it be there.
    """
    if path.is_dir():
        raise SpecxaiError(f"{path} is a folder: give the name of a file")
    with _made(path.parent), _locked(path.parent / f".{path.name}.lock", path):
        _refuse([path], overwrite)
        yield


def make_folder(path: Path) -> None:
    """Make a folder, or say in one line why not."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as fault:
        raise SpecxaiError(f"{path} is a file and no folder: {_REMEDY}") from fault
    except OSError as fault:
        raise SpecxaiError(f"cannot make the folder {path}: {fault.strerror}: {_REMEDY}") from fault


def _refuse(files: Sequence[Path], overwrite: bool) -> None:
    """Refuse to write over the results of an earlier run."""
    old = next((file for file in files if file.exists()), None)
    if old is not None and not overwrite:
        raise SpecxaiError(f"{old} is there from an earlier run: {_REMEDY}, or --overwrite")


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; those that were made and are empty in the end go."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        make_folder(folder)
        yield
    finally:
        for each in made:
            with suppress(OSError):  # something was written into it
                each.rmdir()


@contextmanager
def _locked(path: Path, what: Path) -> Iterator[None]:
    """Hold a lock file, which shows too that the folder can be written to.

    The lock is the kernel's: it ends with the process, however that ends.
    """
    try:
        handle = _lock(path)
    except BlockingIOError as fault:
        raise SpecxaiError(f"another run is writing {what}: wait for it, or {_REMEDY}") from fault
    except OSError as fault:
        reason = fault.strerror or fault
        raise SpecxaiError(f"cannot write into {path.parent}: {reason}: {_REMEDY}") from fault
    try:
        yield
    finally:
        if fcntl is None:
            os.close(handle)
        with suppress(OSError):
            path.unlink()
        if fcntl is not None:
            os.close(handle)


def _lock(path: Path) -> int:
    """Open and lock a file that is still there once it is locked.

    Raises:
        BlockingIOError: another process holds it.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        _flock(handle)
        with suppress(FileNotFoundError):  # its holder has just removed it
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        os.close(handle)


def _flock(handle: int) -> None:
    """Lock an open file, where the system and the file system can."""
    if fcntl is None:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # no locks here
        return
