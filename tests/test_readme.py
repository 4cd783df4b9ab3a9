"""What the README shows runs as it stands."""

import re
from pathlib import Path

import torch

README = Path(__file__).parent.parent / "README.md"


def test_the_five_lines_of_python() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)
    explanation, maps = names["ex"], names["maps"]
    assert isinstance(maps, torch.Tensor)
    assert maps.shape == (3, 224, 224)
    assert abs(explanation.residual) <= 1e-4 * abs(explanation.output)  # type: ignore[attr-defined]
