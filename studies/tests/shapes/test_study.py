import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from specxai_studies.shapes.coordinates import fit_coordinates
from specxai_studies.shapes.findings import (
    MEAN_SHAPE,
    _reconstruct,
    antisymmetric_share,
    part_shares,
)
from specxai_studies.shapes.learning import Split, determination, train_downstream
from specxai_studies.shapes.networks import build_autoencoder, widen


@pytest.fixture(scope="module")
def points():
    """Shapes that vary in 6 directions around a mean."""
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(6, 20, 3, generator=generator)
    amounts = torch.randn(40, 6, generator=generator)
    return 5 + torch.einsum("nk,kpd->npd", amounts, directions)


def test_scaled_coordinates_against_numpy(points):
    found = fit_coordinates(points, 6)
    values = points.double().numpy()
    sd = values.std(0, ddof=1)
    expected = (values - values.mean(0)) / np.sqrt(sd**2 + (0.15 * sd.mean()) ** 2)
    assert np.allclose(found.scaled(points), expected, atol=1e-4)
    assert torch.allclose(found.metres(found.scaled(points)), points, atol=1e-4)
    assert torch.allclose(found.modes @ found.modes.T, torch.eye(6), atol=1e-5)
    back = found.reduced(found.scaled(points)) @ found.modes * found.size
    assert np.allclose(back.reshape(expected.shape), expected, atol=1e-3)


def test_the_wide_network_does_what_the_reduced_one_does(points):
    coordinates = fit_coordinates(points, 6)
    reduced = build_autoencoder(6, 0)
    wide = widen(reduced, coordinates)
    scaled = coordinates.scaled(points)
    with torch.no_grad():
        few = reduced(coordinates.reduced(scaled))
        expected = (few @ coordinates.modes * coordinates.size).reshape(points.shape)
    assert torch.allclose(wide(scaled), expected, atol=1e-4)


def test_the_downstream_network_learns_in_the_labels_unit():
    latent = torch.randn(300, 4, generator=torch.Generator().manual_seed(0)) * 3 + 1
    labels = (1000 + 50 * latent[:, 0].abs() - 20 * latent[:, 1]).double()
    split = Split.draw(300, 0)
    assert sorted([*split.train.tolist(), *split.test.tolist()]) == list(range(300))
    network = train_downstream(latent[split.train], labels[split.train], 0)
    predicted = network(latent[split.test])[:, 0].double()
    assert determination(labels[split.test], predicted) > 0.9


def test_antisymmetric_share():
    images = [1, 0]
    even = torch.tensor([[1.0, 2, 3], [1, -2, 3]])
    odd = torch.tensor([[1.0, 2, 3], [-1, 2, -3]])
    found = antisymmetric_share(torch.stack([even, odd, even + odd]), images)
    assert found.tolist() == pytest.approx([0, 1, 0.5])


def test_part_shares():
    vector = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 1, 1]])
    found = part_shares(vector, {"a": slice(0, 1), "b": slice(1, 3)})
    assert found == pytest.approx({"a": 0.25, "b": 0.75})


@pytest.mark.parametrize(("name", "figure", "count"), [("cars", 6, 6), ("turbines", 7, 8)])
@pytest.mark.slow
def test_the_fast_study_writes_figures_and_claims(tmp_path, name, figure, count):
    command = [sys.executable, "-m", "specxai", "study", name, "--fast", "--out", str(tmp_path)]
    done = subprocess.run([*command, "--quiet"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "report.md").read_text()
    assert f"{count + 1 - (name == 'turbines')} claims" in report
    assert f"on which {count - 1 - (name == 'turbines')} of them were tested too" in report
    drawn = ["figure-4", "figure-5", f"figure-{figure}", "figure-10", "figure-11"]
    for each in (*drawn, *(f"{one}-from-mean" for one in drawn), "sensitivity"):
        assert f"({each}.png)" in report
        assert (tmp_path / f"{each}.png").stat().st_size > 10_000
    assert "Is it true?" in report
    assert len(list(tmp_path.glob("sensitivity-*.vtp"))) == 2
    (differences,) = [line for line in report.splitlines() if "limit of differences" in line]
    assert "**holds**" in differences
    r2 = next(line for line in report.splitlines() if line.startswith("| network |"))
    assert float(r2.split("|")[2].split()[0]) > 0.85
    assert "Σ\\|α\\|" in report


@pytest.mark.usefixtures("unchecked_annotations")
def test_from_the_mean_shape_a_reconstruction_is_that_of_the_mean_and_a_step(points):
    coordinates = fit_coordinates(points, 6)
    net = widen(build_autoencoder(6, 0), coordinates)
    x = coordinates.scaled(points[3][None])
    experiment = SimpleNamespace(autoencoder=net, x=lambda _: x)
    found = _reconstruct(experiment, 3, MEAN_SHAPE)
    mean = net(torch.zeros_like(x))[0].double()
    assert torch.allclose(found.bias.double(), mean, atol=1e-6)
    assert torch.allclose((found.linear + found.bias).double(), net(x)[0].double(), atol=1e-5)
    share = float((mean * net(x)[0]).sum() / net(x).square().sum())
    assert found.share_of_bias == pytest.approx(share, rel=1e-3, abs=1e-6)
