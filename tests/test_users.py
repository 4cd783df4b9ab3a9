"""The pages for three users: each script runs from nothing, and its notebook is the same code."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

USERS = Path(__file__).parents[1] / "docs" / "users"
SCRIPTS = sorted(USERS.glob("*.py"))


def test_there_are_three() -> None:
    assert [script.stem for script in SCRIPTS] == ["own_cnn", "surrogate", "transformer"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_notebook_is_the_script(script: Path) -> None:
    """``make notebooks`` writes it anew."""
    page = jupytext.read(script)
    notebook = jupytext.read(script.with_suffix(".ipynb"))
    cells = [(cell.cell_type, cell.source) for cell in page.cells]
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == cells
    assert any(kind == "code" for kind, _ in cells)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_public_names_only(script: Path) -> None:
    lines = script.read_text().splitlines()
    ours = [line for line in lines if line.startswith(("import specxai", "from specxai"))]
    assert ours == ["import specxai"]


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_script_runs(script: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "y = " in done.stdout
    assert [file for file in tmp_path.glob("*.png") if file.stat().st_size > 10_000]
