import json

from specxai.table import Cell, Table, cells
from specxai.terminal.printing import print_json, print_tables


def test_text_is_no_markup_and_totals_stand_apart(capsys):
    rows = cells("[bold]a[/bold]", "1"), cells("sum", Cell("1", strong=True))
    print_tables(Table(("name", "|x|"), rows, "[red]title", ("note [0]",), totals=1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[red]title"
    assert lines[-1] == "note [0]"
    assert "│ [bold]a[/bold] │   1 │" in lines
    assert lines.index("├────────────────┼─────┤") == lines.index("│ sum            │   1 │") - 1


def test_tables_are_not_squeezed_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    print_tables(Table(("name",), (cells("x" * 80),)), Table(("other",), ()))
    shown = capsys.readouterr().out
    assert "x" * 80 in shown
    assert "other" in shown


def test_json_is_one_object_in_which_what_is_added_comes_last(capsys):
    print_json({"a": (1.0, float("nan"))}, note="", cells=cells("b"))
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert list(json.loads(text)) == ["a", "note", "cells"]
    assert json.loads(text)["a"] == [1.0, None]
    assert json.loads(text)["cells"] == [{"text": "b", "strong": False}]
