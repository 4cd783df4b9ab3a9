"""What the README shows runs as it stands."""

import re
from pathlib import Path
from typing import Any

import torch

README = Path(__file__).parent.parent / "README.md"


def run(block: int) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[block], names)
    return names


def test_the_five_lines_of_python() -> None:
    names = run(0)
    explanation, maps = names["ex"], names["maps"]
    assert isinstance(maps, torch.Tensor)
    assert maps.shape == (3, 224, 224)
    assert abs(explanation.residual) <= 1e-4 * abs(explanation.output)


def test_a_language_model() -> None:
    names = run(1)
    assert abs(names["ex"].residual) <= 1e-4 * abs(names["ex"].output)
    assert names["ex"].exactness == "convention: secant"
    assert names["words"].shape == (2, 3)
