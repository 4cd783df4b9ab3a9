"""Progress where nobody looks at a terminal."""

import pytest

from specxai.terminal import progress


@pytest.mark.parametrize("quiet", [False, True])
def test_without_a_terminal_a_line_is_written_now_and_then(capsys, monkeypatch, quiet: bool):
    seconds = iter([0.0, 3.0, 11.0, 11.0, 15.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    with progress.progress_bars(quiet) as report:
        for done in (1, 2):
            report("products", done, 128)
    assert capsys.readouterr().err == ("" if quiet else "products: 2 of 128\n")
