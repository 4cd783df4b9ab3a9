"""Two small classifiers at two inputs, and the fast form of the study as a user runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier import build_plain
from specxai.errors import InvalidInputError, LayerError
from specxai.models import LoadedModel
from specxai_studies.imagenet import PhotoStudy, claims, run_imagenet
from specxai_studies.imagenet import findings as found
from specxai_studies.imagenet.findings import Classifier, Finding, middle


def loaded(name: str) -> LoadedModel:
    return LoadedModel(name, build_plain(), None, (3, 16, 16), None)


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    names = [str(tmp_path / f"{letter}.npy") for letter in "ab"]
    for seed, name in enumerate(names):
        values = np.random.default_rng(seed).standard_normal((1, 3, 16, 16))
        np.save(name, values.astype(np.float32))
    return names


@pytest.fixture
def finding(x) -> Finding:
    import specxai

    ex = specxai.explain(build_plain(), x, layer="8", target=2)
    return Finding("a", None, ex, middle(16, 16))


def test_the_middle_is_half_of_the_area():
    assert float(middle(200, 300).double().mean()) == pytest.approx(0.5, abs=0.01)
    assert middle(6, 10).equal(middle(6, 10).flip(0))
    assert middle(6, 10)[3, 5]


def test_measures_of_maps_against_loops(finding):
    ex, where = finding.explanation, finding.object
    maps = [(ex.right_vectors([k])[0] * ex.x[0]).sum(0) for k in range(3)]

    def inside(each, part):
        total = sum(abs(float(v)) for v in each.flatten())
        return (
            sum(
                abs(float(v)) for v, own in zip(each.flatten(), part.flatten(), strict=False) if own
            )
            / total
        )

    focus = sum(inside(each, where) for each in maps) / 3 / float(where.double().mean())
    assert claims._focus(finding) == pytest.approx(focus, rel=1e-5)
    steps = 0.0
    for i in range(16):
        for j in range(16):
            steps += abs(float(maps[0][i, j] - maps[0][i - 1, j])) if i else 0
            steps += abs(float(maps[0][i, j] - maps[0][i, j - 1])) if j else 0
    rough = steps / float(maps[0].abs().sum())
    assert claims._roughness(maps[0][None]) == pytest.approx(rough, rel=1e-5)
    products = ex.right_vectors(finding.by_share) * ex.x
    left = [
        sum(abs(float(p[:, i, j].sum())) for i in range(16) for j in range(16) if where[i, j])
        / sum(float(p[:, i, j].abs().sum()) for i in range(16) for j in range(16) if where[i, j])
        for p in products
    ]
    cancelled = 1 - sum(left) / len(left)
    assert claims._cancelled(finding, where) == pytest.approx(cancelled, rel=1e-5)


def test_the_trend_is_a_rank_correlation(finding):
    from scipy.stats import spearmanr

    ks = range(min(found.FOLLOWED, finding.explanation.rank))
    shares = [claims._inside(finding.maps([k]), ~finding.object) for k in ks]
    assert claims._trend(finding) == pytest.approx(spearmanr(ks, shares).statistic)


def test_statements_about_other_networks_cannot_be_told(finding):
    pair = claims.Pair(Classifier("plain", loaded("plain"), "4", "8"), [finding], [finding])
    verdicts = {claim.statement: claim.holds for claim in claims.focus_claims([pair])}
    assert verdicts["VGG11 is less focused on the background than AlexNet."] is None
    both = [
        claims.Pair(Classifier(name, loaded(name), "4", "8"), [finding], [finding])
        for name in ("alexnet", "vgg11_bn")
    ]
    assert claims.focus_claims(both)[2].holds is False  # the two are the same here


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.slow
def test_claims_about_random_networks_are_not_judged(trained, photos, tmp_path):
    models, plan = (
        [loaded("a"), loaded("b")],
        PhotoStudy(photos, layers=("5", "8") * 2, trained=trained),
    )
    report = run_imagenet(models, plan, tmp_path).read_text()
    assert ("weights are random" in report) != trained
    assert ("11 claims: 11 × cannot be told." in report) != trained


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.slow
def test_a_study_goes_on_where_it_stopped(photos, tmp_path, monkeypatch):
    models = [loaded("one:plain"), loaded("two:plain")]
    report = run_imagenet(models, PhotoStudy(photos), tmp_path).read_text()
    assert report.count("![") == 16
    assert "plain-1" in report
    assert "plain-2" in report
    assert "11 claims" in report
    assert len(list((tmp_path / "cache").iterdir())) == 16
    monkeypatch.setattr(found, "explain_at", None)  # nothing is computed again
    assert run_imagenet(models, PhotoStudy(photos), tmp_path).read_text() == report


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.slow
def test_a_broken_file_is_computed_anew(photos, tmp_path):
    models = [loaded("plain")]
    report = run_imagenet(models, PhotoStudy(photos), tmp_path).read_text()
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(file.read_bytes()[:1000])
    assert run_imagenet(models, PhotoStudy(photos), tmp_path).read_text() == report


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ({"photos": []}, InvalidInputError),
        ({"layers": ["4"]}, InvalidInputError),
        ({"layers": ["4", "nowhere"]}, LayerError),
    ],
)
def test_what_cannot_be_looked_at(plan, error, photos, tmp_path):
    with pytest.raises(error):
        run_imagenet([loaded("plain")], PhotoStudy(**{"photos": photos, **plan}), tmp_path)


def test_vectors_that_are_kept_are_those_of_the_network(photos, tmp_path):
    import specxai
    from specxai.models import load_input

    model = loaded("plain")
    run_imagenet([model], PhotoStudy(photos[:1]), tmp_path)
    files = [specxai.load(file) for file in (tmp_path / "cache").glob("plain-*-8-*")]
    by_map = {kept.baseline_name: kept for kept in files}
    assert set(by_map) == {None, "zero"}
    x = load_input(photos[0], model).tensor
    for name, kept in by_map.items():
        ex = specxai.explain(model.module, x, layer="8", baseline=name)
        torch.testing.assert_close(kept.contributions, ex.contributions)
        torch.testing.assert_close(kept.right_vectors([0, 1]), ex.right_vectors([0, 1]))


def test_how_much_of_the_output_is_linear_against_the_network(photos, tmp_path):
    from specxai.models import load_input

    model = loaded("plain")
    report = run_imagenet([model], PhotoStudy(photos[:1]), tmp_path).read_text()
    x = load_input(photos[0], model).tensor.requires_grad_()
    y = model.module(x)
    largest = y[0].max()
    (gradient,) = torch.autograd.grad(largest, x)
    zero = model.module(torch.zeros_like(x))[0, y.argmax()]
    shares = (gradient * x).sum() / largest, (largest - zero) / largest
    rows = [line.split("|")[2].strip() for line in report.splitlines() if line.startswith("| map ")]
    assert rows == [f"{share.item():.2f}" for share in shares]


@pytest.mark.slow
def test_the_fast_form_with_real_weights(tmp_path):
    command = [sys.executable, "-m", "specxai", "study", "imagenet", "--fast", "--out", "out"]
    models = "demo:efficientnet-lite0,demo:efficientnet-lite1"
    done = subprocess.run(
        [*command, "--models", models], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "wrote out/report.md" in done.stdout
    report = (tmp_path / "out/report.md").read_text()
    assert "efficientnet-lite0" in report
    assert "efficientnet-lite1" in report
    assert len(list((tmp_path / "out").glob("figure-*.png"))) == 16
    diffuse = "| Averaged over the channels, the vectors are much more diffuse."
    row = next(line for line in report.splitlines() if line.startswith(diffuse))
    assert row.count("**holds**") == 2


def test_each_network_has_its_weights_or_all_the_same(tmp_path):
    command = [sys.executable, "-m", "specxai", "study", "imagenet", "--weights", "a,b,c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "3 files for 2 models" in done.stderr
