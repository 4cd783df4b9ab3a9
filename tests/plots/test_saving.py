"""Files of figures: whole or not there at all."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from specxai import Explanation, SpecxaiError
from specxai.plots import explanation_figure, save_figure, waterfall_figure


def test_a_png_has_the_size_of_the_page_and_is_not_blank(
    image_explanation: Explanation, tmp_path: Path
) -> None:
    figure = explanation_figure(image_explanation)
    save_figure(figure, tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        expected = (figure.get_size_inches() * 150).astype(int)
        assert np.abs(np.array(picture.size) - expected).max() <= 1
        pixels = np.asarray(picture.convert("RGB"))
    colors = np.unique(pixels.reshape(-1, 3), axis=0)
    assert len(colors) > 100
    assert (pixels[-1] == 255).all()  # white to the edge
    assert 0.02 < (pixels != 255).any(2).mean() < 0.9


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg", "PNG"])
def test_the_suffix_is_the_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"page.{suffix}"
    save_figure(Figure(figsize=(1, 1)), str(path))
    start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix.lower()]
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_replaces_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_text("old")
    save_figure(Figure(figsize=(1, 1)), path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_dots_an_inch_are_as_many_as_asked_for(tmp_path: Path) -> None:
    save_figure(Figure(figsize=(2, 1)), tmp_path / "page.png", dpi=300)
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (600, 300)
    with pytest.raises(SpecxaiError, match="dpi=0"):
        save_figure(Figure(), tmp_path / "page.png", dpi=0)


def test_text_stays_text_in_vector_files(tmp_path: Path) -> None:
    figure = Figure()
    figure.text(0, 0.5, "a tabby cat")
    for suffix in ("svg", "pdf"):
        save_figure(figure, tmp_path / f"page.{suffix}")
    assert ">a tabby cat<" in (tmp_path / "page.svg").read_text()
    assert b"/FontFile2" in (tmp_path / "page.pdf").read_bytes()  # TrueType, no outlines
    assert matplotlib.rcParams["svg.fonttype"] == "path"  # nothing stays


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_same_figure_is_the_same_file(
    vector_explanation: Explanation, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for year in (1, 2):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{year * 31_536_000}")
        path = tmp_path / f"{year}.{suffix}"
        save_figure(waterfall_figure(vector_explanation), path)
        files.append(path.read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("name", ["missing/page.png", "page.xyz", "page", "folder.png"])
def test_a_fault_is_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SpecxaiError, match=r"\Acannot write [^\n]*\Z"):
        save_figure(Figure(figsize=(1, 1)), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]
