"""The study of truth: who is ahead, which photos count, and its fast form."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from specxai.compare import Effort, evaluate
from specxai.errors import InvalidInputError
from specxai_studies.labelled_photos import read_classes
from specxai_studies.truth.ahead import ahead_table, duels
from specxai_studies.truth.known import planted, recover
from specxai_studies.truth.known_tables import known_markdown, known_tables
from specxai_studies.truth.photos import right_photos
from subjects import METHODS, build_subjects, product

OURS = (METHODS[0].__class__("specxai product", product, "u·x", "∂y/∂x ⊙ x"), METHODS[1])


@pytest.fixture(scope="module")
def found():
    return evaluate(build_subjects(), OURS, ["4"], Effort((0.0, 0.5, 1.0), (0.01,), 1, 1))


def test_the_others_are_ahead_where_they_are(found):
    by_label = {duel.measure.label: duel for duel in duels(found, "net")}
    stable = by_label["change under noise, 0.01 σ"]
    assert (stable.ours, stable.other) == ("specxai product", "constant")
    assert stable.verdict == "others ahead"
    assert stable.lead.mean == pytest.approx(-stable.means[0].mean)
    assert "Gini" not in by_label  # no side is better
    table = ahead_table(by_label.values())
    assert table.rows[0][-1].text == "others ahead"
    order = ["others ahead", "cannot be told", "ours ahead"]
    places = [order.index(row[-1].text) for row in table.rows]
    assert places == sorted(places)


def test_classes_are_read_with_or_without_names(tmp_path: Path):
    (tmp_path / "classes.csv").write_text("file,classes\na.png,3 cat|5\nb.png,7\n")
    assert read_classes(tmp_path) == {"a.png": (3, 5), "b.png": (7,)}
    (tmp_path / "classes.csv").write_text("file,classes,net\na.png,3,0\n")
    assert read_classes(tmp_path, "net") == {"a.png": (0,)}
    assert read_classes(tmp_path, "other") == {"a.png": (3,)}
    (tmp_path / "classes.csv").write_text("file,classes\na.png,cat\n")
    with pytest.raises(InvalidInputError, match="282 tiger cat"):
        read_classes(tmp_path)
    with pytest.raises(InvalidInputError, match="list the photos"):
        read_classes(tmp_path / "nowhere")


def test_tables_of_what_was_found():
    recovered = recover(list(planted([0]))[:2], METHODS)
    precision, shares, causes = known_tables(recovered, "Planted")
    assert precision.columns == ("", "linear", "rectified")
    assert [row[0].text for row in precision.rows] == [
        "product",
        "constant",
        "never",
        "a map that knows nothing",
    ]
    assert precision.rows[0][1].text == "1.00"
    assert precision.rows[2][1].text == "–"
    assert shares.rows[1][1].text == "–"
    assert causes.rows[1][2].text == "1.00"
    assert "**causes found**" in known_markdown(recovered, "Planted")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photos, three with their classes by the network itself and one with a wrong one."""
    from PIL import Image
    from skimage import data

    from specxai.models import load_input, load_model

    folder = tmp_path_factory.mktemp("photos")
    model = load_model("demo:efficientnet-lite0")
    lines = ["file,classes"]
    for name in ("chelsea", "coffee", "rocket", "astronaut", "cat"):
        Image.fromarray(getattr(data, name)()).resize((320, 320)).save(folder / f"{name}.png")
        with torch.no_grad():
            output = model.module(load_input(str(folder / f"{name}.png"), model).tensor)
        chosen = output.argmin() if name == "cat" else output.argmax()
        lines.append(f"{name}.png,{int(chosen)}")
    (folder / "classes.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.slow
def test_photos_that_the_network_gets_wrong_do_not_count(photos: Path):
    from specxai.models import load_model

    subjects, count = right_photos(load_model("demo:efficientnet-lite0"), photos)
    assert count == 5
    assert [subject.name for subject in subjects] == ["chelsea", "coffee", "rocket", "astronaut"]
    assert not subjects[0].instance.baseline.any()


@pytest.mark.slow
def test_the_fast_form_as_a_user_runs_it(photos: Path, tmp_path: Path):
    command = [sys.executable, "-m", "specxai", "study", "truth", "--fast", "--photos", str(photos)]
    models = ["--models", "demo:efficientnet-lite0"]
    done = subprocess.run(
        [*command, *models], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "wrote truth/report.md" in done.stdout
    report = (tmp_path / "truth/report.md").read_text()
    assert "demo:efficientnet-lite0: 4 of 4" in report
    first = report.index("## Where others are better")
    assert first < report.index("## Methods on") < report.index("## Components on")
    planted = report[report.index("**Planted: precision") :]
    row = next(line for line in planted.splitlines() if "from the baseline, total" in line)
    assert row.count(" 1.00 ") == 6
    asked = report[report.index("**Does the network do what") :]
    cells = next(line for line in asked.splitlines() if "from the baseline" in line).split("|")
    correlation, _, random, shuffled = (float(cell) for cell in cells[3:-1])
    assert correlation > 0.9
    assert max(random, shuffled) < 0.2
    assert (tmp_path / "truth/metrics-demo-efficientnet-lite0.png").exists()
