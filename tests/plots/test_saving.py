"""Files of figures: whole or not there at all."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from specxai import Explanation, SpecxaiError
from specxai.plots import explanation_figure, save_figure


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


@pytest.mark.parametrize("name", ["missing/page.png", "page.xyz", "page", "folder.png"])
def test_a_fault_is_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SpecxaiError, match=r"\Acannot write [^\n]*\Z"):
        save_figure(Figure(figsize=(1, 1)), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]
