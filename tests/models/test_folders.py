from pathlib import Path

import pytest

from specxai.errors import LoadError
from specxai.models.folders import inputs_in


def test_pictures_and_tensors_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.npy", "c.safetensors", ".hidden.png", "notes.txt", "net.py"):
        (tmp_path / name).touch()
    (tmp_path / "deeper.png").mkdir()
    files, others = inputs_in(tmp_path)
    assert [file.name for file in files] == ["a.npy", "b.JPG", "c.safetensors"]
    assert others == 3


def test_a_folder_without_inputs(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LoadError, match=r"holds no picture, \.npy or \.safetensors"):
        inputs_in(tmp_path)
