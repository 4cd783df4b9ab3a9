"""Check that a file a user names is there."""

from pathlib import Path

from specxai.errors import LoadError


def existing_file(path: str | Path, role: str) -> Path:
    """Check that a path is a file.

    Args:
        path: The path as the user gave it.
        role: What the file is for, to begin the message: "weights", "input", "model".

    Returns:
        The path.

    Raises:
        LoadError: The path does not exist or is not a file.
    """
    file = Path(path)
    if file.is_dir():
        raise LoadError(f"{role} {str(path)!r} is a directory; give a file")
    if not file.is_file():
        raise LoadError(f"{role} {str(path)!r} does not exist; check the path")
    return file
