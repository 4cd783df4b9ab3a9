"""Results are shown by what rooms above them have registered."""

from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from specxai import presentation
from specxai.errors import SpecxaiError
from specxai.presentation import Drawn, Shown, draws, find_presenters_by, in_lines, tabulates


@dataclass
class Thing(Drawn):
    value: str = "<1>"


class Kind(Thing):
    pass


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    for table in ("_figures", "_tables"):
        monkeypatch.setattr(presentation, table, {})
    monkeypatch.setattr(presentation, "_loaders", [])


def test_presenters_are_found_by_type_and_its_bases():
    @draws(Thing)
    def figure(thing: Thing, width: float = 1.0) -> Figure:
        return Figure(figsize=(width, 1), label=thing.value)

    assert Thing("a").plot().get_label() == "a"
    assert Kind("b").plot(width=3.0).get_figwidth() == 3
    with pytest.raises(TypeError):
        Thing().plot(colour="red")


def test_the_rooms_are_loaded_once_and_when_they_are_wanted():
    calls = []

    def load():
        calls.append(1)
        tabulates(Thing)(lambda thing: "<table></table>")
        draws(Thing)(lambda thing: Figure())

    find_presenters_by(load)
    assert not calls
    Thing().plot()
    Thing()._repr_html_()
    assert calls == [1]


def test_a_notebook_gets_tables_and_a_picture():
    tabulates(Thing)(lambda thing: "<table></table>")
    draws(Thing)(lambda thing: Figure(figsize=(1, 1)))
    html = Thing()._repr_html_()
    assert html.startswith("<table></table><img ")
    assert 'src="data:image/png;base64,iVBOR' in html
    HTMLParser().feed(html)


def test_what_cannot_be_drawn_says_why():
    def never(thing: Thing) -> Figure:
        raise SpecxaiError(f"no vectors of {thing.value}")

    draws(Thing)(never)
    tabulates(Thing)(lambda thing: "<table></table>")
    assert Thing()._repr_html_() == ("<table></table><p>no figure: no vectors of &lt;1&gt;</p>")


def test_what_nobody_shows():
    class Other(Shown):
        pass

    with pytest.raises(SpecxaiError, match="a Other cannot be shown: nothing is registered"):
        Other()._repr_html_()


def test_lines_without_rows():
    assert in_lines("nothing", []) == "nothing"
