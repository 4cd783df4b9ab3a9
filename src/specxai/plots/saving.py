"""Writing a figure to a file."""

from io import BytesIO
from os import PathLike
from pathlib import Path

import matplotlib as mpl
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from specxai.errors import InvalidInputError, SpecxaiError
from specxai.files import write_atomically

DPI = 150

# What would hold the time of writing.
_DATES = {"svg": "Date", "pdf": "CreationDate"}


def save_figure(figure: Figure, path: str | PathLike[str], dpi: int = DPI) -> None:
    """Write a figure in the format its name ends with.

    No half-written file is ever seen. The text of .svg and .pdf files is text, and all that is no
    picture is drawn in lines. A figure gives the same .png, .svg and .pdf file each time.

    Args:
        figure: what to write.
        path: ends in .png, .pdf, .svg or another format of matplotlib; a file there is replaced.
        dpi: dots an inch of a .png file, and of pictures and maps in a .pdf or .svg one; print
            asks for 300.

    Raises:
        InvalidInputError: dpi is not above 0.
        SpecxaiError: the format is unknown, or the file cannot be written.
    """
    if dpi < 1:
        raise InvalidInputError(f"dpi={dpi}: give dots an inch, such as 150 or 300")
    path = Path(path)
    kind = check_figure_name(path)
    dates = {_DATES[kind]: None} if kind in _DATES else {}
    content = BytesIO()
    # Text stays text, and identifiers in an SVG do not come from chance.
    with mpl.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "specxai"}):
        figure.savefig(content, format=kind, dpi=dpi, metadata=dates)
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
