"""The inputs in a folder: pictures, .npy and .safetensors files."""

from pathlib import Path

from specxai.errors import LoadError
from specxai.models.user_files import TENSOR_SUFFIXES

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


def inputs_in(folder: Path) -> tuple[list[Path], int]:
    """List the inputs in a folder, but not those in its folders.

    Args:
        folder: an existing folder.

    Returns:
        The files by name, and how many others were left out; hidden ones do not count.

    Raises:
        LoadError: it holds no input, or cannot be read.
    """
    try:
        seen = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as fault:
        raise LoadError(f"folder '{folder}' cannot be read: {fault.strerror}") from fault
    suffixes = PICTURE_SUFFIXES | TENSOR_SUFFIXES
    files = [file for file in seen if file.suffix.lower() in suffixes and file.is_file()]
    if not files:
        raise LoadError(f"folder '{folder}' holds no picture, .npy or .safetensors")
    return files, len(seen) - len(files)
