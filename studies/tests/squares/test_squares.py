import math
import subprocess
import sys

import pytest
import torch

from specxai.cache import Cache
from specxai.errors import InvalidInputError
from specxai_studies.squares import study
from specxai_studies.squares.autoencoder import build_autoencoder
from specxai_studies.squares.findings import decompose_data, find
from specxai_studies.squares.images import edge_zone, random_squares, rotated_squares
from specxai_studies.training import TrainingPlan, train_autoencoder


def test_squares_by_counting_points():
    """Brightness is nearly the share of a pixel's area inside the square."""
    angle, side, fine = 0.3, 16, 20
    image = rotated_squares(torch.tensor([angle]), side)[0].reshape(side, side)
    steps = (torch.arange(side * fine) + 0.5) / fine - side / 2
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    u, v = math.cos(angle) * x + math.sin(angle) * y, math.cos(angle) * y - math.sin(angle) * x
    inside = ((u.abs() < side / 4) & (v.abs() < side / 4)).double()
    share = inside.reshape(side, fine, side, fine).mean((1, 3))
    assert float((image - share).abs().max()) < 0.2
    assert float(image.sum()) == pytest.approx((side / 2) ** 2, rel=0.01)


def test_random_squares_repeat():
    assert torch.equal(random_squares(3, 1), random_squares(3, 1))
    assert not torch.equal(random_squares(3, 1), random_squares(3, 2))


def test_the_zone_of_the_edges():
    image = rotated_squares(torch.tensor([0.0]), 16)[0]
    zone = edge_zone(image, width=1).reshape(16, 16)
    expected = torch.zeros(16, 16)
    expected[3:13, 3:13] = 1
    expected[5:11, 5:11] = 0
    assert torch.equal(zone, expected)


def test_training_lowers_the_error_and_is_done_once(tmp_path):
    data = torch.rand(64, 12, generator=torch.Generator().manual_seed(0))
    plan = TrainingPlan(30, 1e-9, batch=16)

    def run():
        network = build_autoencoder(True, 0, (12, 10, 8))
        return train_autoencoder("net", network, data, data[:8], plan, Cache(tmp_path))

    first, second = run(), run()
    assert len(first.errors) == 30
    assert first.errors[-1] < first.errors[0] / 2
    assert (first.errors, first.seconds) == (second.errors, second.seconds)
    assert torch.equal(first.network(data), second.network(data))


def test_training_stops_at_its_goal(tmp_path):
    data = torch.rand(64, 12, generator=torch.Generator().manual_seed(0))
    network = build_autoencoder(True, 0, (12, 10, 8))
    found = train_autoencoder(
        "net", network, data, data, TrainingPlan(99, 0.1, 16), Cache(tmp_path)
    )
    assert found.errors[-1] <= 0.1
    assert all(error > 0.1 for error in found.errors[:-1])


def test_findings_are_the_parts_of_the_output():
    images = random_squares(3, 0, side=24)
    network = build_autoencoder(True, 0, (576, 16, 8)).eval()
    (finding, *_) = find(network, list(images))
    ex = finding.explanation
    terms = ex.coefficients.reshape(-1, 1) * ex.left_vectors(range(ex.rank)).flatten(1).double()
    torch.testing.assert_close(terms.sum(0), finding.linear, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        (finding.linear + finding.bias).float(), network(images[:1])[0], rtol=1e-4, atol=1e-6
    )
    assert list(finding.decoder) == ["decoder.0", "decoder.2"]
    weight = network.decoder[2].bias.detach().double()
    torch.testing.assert_close(finding.decoder["decoder.2"], weight)
    share, area = finding.share_at_edges
    assert 0 <= share <= 1
    assert 0 < area < 1


def test_from_black_the_output_is_that_of_black_and_a_sum_of_terms():
    """Of one hidden layer the operator is written out with the slopes of its secants."""
    images = random_squares(2, 0, side=8)
    network = build_autoencoder(True, 0, (64, 8)).eval()
    (finding,) = find(network, list(images[:1]), "zero")
    first, _, last = network.encoder[0], network.encoder[1], network.decoder[0]
    z0, z = first.bias.double(), first(images[:1])[0].double()
    slope = (z.clamp(min=0) - z0.clamp(min=0)) / (z - z0)
    operator = last.weight.double() @ torch.diag(slope) @ first.weight.double()
    sigma = torch.linalg.svdvals(operator)[: finding.explanation.rank]
    torch.testing.assert_close(finding.explanation.singular_values, sigma, rtol=1e-4, atol=1e-6)
    black = network(torch.zeros(1, 64))[0].detach().double()
    torch.testing.assert_close(finding.bias.double(), black, rtol=1e-5, atol=1e-6)
    step = (operator @ images[0].double()).detach()
    torch.testing.assert_close(finding.linear.double(), step, rtol=1e-4, atol=1e-6)


def test_the_vectors_of_the_data_are_those_of_its_gram_matrix():
    images = random_squares(30, 0, side=8)
    data = decompose_data(images)
    values, vectors = torch.linalg.eigh(images.double().T @ images.double())
    assert float(data.singular_values[0]) == pytest.approx(float(values[-1].sqrt()), rel=1e-5)
    assert abs(float(data.vectors[0].double() @ vectors[:, -1])) == pytest.approx(1, rel=1e-5)
    assert float(data.vectors[0].sum()) > 0


@pytest.mark.slow
def test_the_fast_form_from_the_command_line(tmp_path):
    command = [sys.executable, "-m", "specxai", "study", "squares", "--fast", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "out" / "report.md").read_text()
    assert "8 claims: 8 × holds." in report
    assert "on which 8 of them were tested too" in report
    for name in ("figure-8", "figure-9", "figure-9-from-black", "training"):
        assert (tmp_path / "out" / f"{name}.png").exists()


def test_a_network_that_learned_nothing_is_not_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FAST", study.Scale(8, 4, 1, 1, 1e-9, 8))
    with pytest.raises(InvalidInputError, match="give another --seed"):
        study.run_squares(tmp_path, fast=True)
