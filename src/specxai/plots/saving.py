"""Writing a figure to a file."""

from io import BytesIO
from os import PathLike
from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from specxai.errors import SpecxaiError
from specxai.files import write_atomically

DPI = 150


def save_figure(figure: Figure, path: str | PathLike[str]) -> None:
    """Write a figure in the format its name ends with, at 150 dots an inch.

    No half-written file is ever seen.

    Args:
        figure: what to write.
        path: ends in .png, .pdf, .svg or another format of matplotlib; a file there is replaced.

    Raises:
        SpecxaiError: the format is unknown, or the file cannot be written.
    """
    path = Path(path)
    kind = check_figure_name(path)
    content = BytesIO()
    figure.savefig(content, format=kind, dpi=DPI)
    write_atomically(path, content.getvalue())


def check_figure_name(path: Path) -> str:
    """Return the format that the name of a figure ends with.

    Args:
        path: where the figure will be written.

    Raises:
        SpecxaiError: the format is unknown.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FigureCanvasBase.get_supported_filetypes():
        raise SpecxaiError(f"cannot write {path}: give a name that ends in .png, .pdf or .svg")
    return kind
