"""What the README and the pages of docs/ show runs as it stands."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def examples(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def run(page: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    names = {} if names is None else names
    for example in examples(ROOT / page):
        exec(example, names)
    return names


def test_every_example_is_run_below() -> None:
    counts = {str(page.relative_to(ROOT)): len(examples(page)) for page in PAGES}
    shown = {page: count for page, count in counts.items() if count}
    once = ("README.md", "docs/networks.md", "docs/reading.md")
    assert shown == {**dict.fromkeys(once, 1), "docs/results.md": 5, "docs/tables.md": 2}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_pictures_are_drawn_by_the_commands_beside_them() -> None:
    drawn = runpy.run_path(str(ROOT / "docs" / "images" / "pictures.py"))
    shown = {
        name: page for page in PAGES for name in re.findall(r"images/(\w+\.png)", page.read_text())
    }
    # The growth of benchmarks is drawn with their tables, by `specxai bench --table`.
    assert {*shown} == {*drawn["COMMANDS"], *drawn["SCRIPTS"], "growth.png"}
    for name, (command, _) in drawn["COMMANDS"].items():
        text = shown[name].read_text().replace("\\\n", " ")
        assert " ".join(command.split()) in " ".join(text.split()), name


@pytest.mark.slow
def test_five_lines_of_python_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("README.md")
    explanation, maps = names["ex"], names["maps"]
    assert isinstance(maps, torch.Tensor)
    assert maps.shape == (3, 224, 224)
    assert abs(explanation.residual) <= 1e-4 * abs(explanation.output)
    monkeypatch.chdir(tmp_path)
    run("docs/results.md", names)
    assert names["stored"].is_of(names["model"].module)
    assert len(names["stored"].kept) == 8
    assert names["again"].contributions.equal(explanation.contributions)
    assert names["again"].target_name == "tiger cat"
    torch.testing.assert_close(sum(names["shares"].values()), float(names["drag"].linear))
    assert (tmp_path / "cat.png").stat().st_size > (tmp_path / "stored.png").stat().st_size / 2


@pytest.mark.slow
def test_an_equation() -> None:
    names = run("docs/reading.md")
    # From a baseline y₀ is the network's own, so that rounding in float32 is left.
    total, output = names["share"].sum(), names["expression"].output
    torch.testing.assert_close(total, output, rtol=1e-5, atol=0)


def test_a_table() -> None:
    names = run("docs/tables.md")
    torch.testing.assert_close(names["total"], names["ex"].output, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(names["inputs"].sum(), names["ex"].linear)
    step = names["rows"][17] - names["mean"]
    torch.testing.assert_close((names["slopes"][0] * step).sum().double(), names["ex"].linear)
    torch.testing.assert_close(names["one"].output, names["ex"].output, rtol=1e-5, atol=1e-6)
    added = torch.tensor(names["frame"].loc[17, ["pressure", "gap", "speed"]].to_list())
    torch.testing.assert_close(added, names["inputs"].flatten().float(), rtol=1e-3, atol=1e-6)


def test_a_language_model() -> None:
    names = run("docs/networks.md")
    assert abs(names["ex"].residual) <= 1e-4 * abs(names["ex"].output)
    assert names["ex"].exactness == "convention: secant"
    assert names["words"].shape == (2, 3)
