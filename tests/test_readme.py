"""What the README shows runs as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

README = Path(__file__).parent.parent / "README.md"


def run(block: int, names: dict[str, Any] | None = None) -> dict[str, Any]:
    names = {} if names is None else names
    exec(re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[block], names)
    return names


@pytest.mark.slow
def test_five_lines_of_python_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(0)
    explanation, maps = names["ex"], names["maps"]
    assert isinstance(maps, torch.Tensor)
    assert maps.shape == (3, 224, 224)
    assert abs(explanation.residual) <= 1e-4 * abs(explanation.output)
    monkeypatch.chdir(tmp_path)
    run(1, names)
    assert names["stored"].is_of(names["model"].module)
    assert len(names["stored"].kept) == 8


def test_a_language_model() -> None:
    names = run(2)
    assert abs(names["ex"].residual) <= 1e-4 * abs(names["ex"].output)
    assert names["ex"].exactness == "convention: secant"
    assert names["words"].shape == (2, 3)
