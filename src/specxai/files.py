"""Writing files whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from specxai.errors import SpecxaiError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that no half-written file is seen.

    Args:
        path: the file; one that is there is replaced.
        content: what to write.

    Raises:
        SpecxaiError: the file cannot be written; an older one is untouched.
    """
    beside = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            beside = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are private; a result has the permissions of any new file.
        os.umask(mask := os.umask(0))
        beside.chmod(0o666 & ~mask)
        os.replace(beside, path)
    except OSError as fault:
        raise SpecxaiError(f"cannot write {path}: {fault.strerror or fault}") from fault
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()
