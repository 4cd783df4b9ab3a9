"""How results show themselves: a figure, and tables in a notebook, from rooms above theirs.

A result stands below the figures and tables that are made of it. These rooms register what they
make of each type of result; who asks a result for them never names the rooms.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

from specxai.errors import SpecxaiError

if TYPE_CHECKING:
    import matplotlib.figure

Presenter = TypeVar("Presenter", bound=Callable[..., Any])

_figures: dict[type, Callable[..., Any]] = {}
_tables: dict[type, Callable[[Any], str]] = {}
_loaders: list[Callable[[], None]] = []


def find_presenters_by(loader: Callable[[], None]) -> None:
    """Name what imports the rooms that register presenters; called once, when one is wanted."""
    _loaders.append(loader)


def draws(*kinds: type) -> Callable[[Presenter], Presenter]:
    """Register what makes a figure of results.

    Args:
        kinds: types of results; their subclasses are drawn by it too.

    Returns:
        A decorator for a function from a result, and options, to a Matplotlib figure.
    """
    return _registering(_figures, kinds)


def tabulates(*kinds: type) -> Callable[[Presenter], Presenter]:
    """Register what makes tables of results, in HTML; see `draws`."""
    return _registering(_tables, kinds)


class Shown:
    """A result that shows itself in a notebook."""

    def _repr_html_(self) -> str:
        """Return tables of the result, and its figure where it has one, in HTML."""
        tables: str = _presenter(_tables, type(self))(self)
        return tables


class Drawn(Shown):
    """A result that can be drawn."""

    def plot(self, **options: Any) -> "matplotlib.figure.Figure":
        """Draw the result.

        Args:
            options: those of the function in `specxai.plots` that draws results of this type.

        Returns:
            A Matplotlib figure of its own, which a notebook shows and ``savefig`` writes.
        """
        figure: matplotlib.figure.Figure = _presenter(_figures, type(self))(self, **options)
        return figure

    def _repr_html_(self) -> str:
        """Return tables of the result, and its figure, in HTML."""
        return super()._repr_html_() + _picture(self)


def in_lines(heading: str, rows: Iterable[Sequence[str]]) -> str:
    """Write a heading, and rows below it: a name on the left, numbers lined up on the right.

    >>> print(in_lines("y", [("a", "+10.5", "90 %"), ("longer", "+1", "9 %")]))
    y
      a       +10.5  90 %
      longer     +1   9 %
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lined = zip(
        *(
            [text.rjust(width) if k else text.ljust(width) for text in column]
            for k, (column, width) in enumerate(zip(columns, widths, strict=True))
        ),
        strict=True,
    )
    return "\n".join([heading, *(f"  {'  '.join(row)}".rstrip() for row in lined)])


def counted(count: int, thing: str) -> str:
    """Write a count with what is counted, in the plural where there is not one.

    >>> counted(1, "layer"), counted(1200, "layer")
    ('1 layer', '1,200 layers')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _registering(
    table: dict[type, Callable[..., Any]], kinds: Sequence[type]
) -> Callable[[Presenter], Presenter]:
    def register(presenter: Presenter) -> Presenter:
        table.update(dict.fromkeys(kinds, presenter))
        return presenter

    return register


def _presenter(table: dict[type, Callable[..., Any]], kind: type) -> Callable[..., Any]:
    """Return what was registered for a type, or for the first of its bases that has something."""
    while _loaders:
        _loaders[-1]()
        _loaders.pop()
    found = (table[base] for base in kind.__mro__ if base in table)
    presenter = next(found, None)
    if presenter is None:
        raise SpecxaiError(f"a {kind.__name__} cannot be shown: nothing is registered for it")
    return presenter


def _picture(result: Drawn) -> str:
    """Return a figure as an inline picture, or the reason why it cannot be drawn."""
    try:
        figure = result.plot()
    except SpecxaiError as fault:  # such as a stored result without vectors
        return f"<p>no figure: {escape(str(fault))}</p>"
    content = BytesIO()
    figure.savefig(content, format="png")
    data = b64encode(content.getvalue()).decode()
    alt = escape(f"figure of the {type(result).__name__}")
    return f'<img style="max-width: 100%" alt="{alt}" src="data:image/png;base64,{data}">'
