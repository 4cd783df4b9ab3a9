"""The study of baselines: its mosaics, its measures, and its table."""

import pytest
import torch
from torch import nn

from specxai import explain, linearize
from specxai.compare.classifier_layers import last_convolution
from specxai.compare.truth.mosaics import mosaic
from specxai.models import LoadedInput, LoadedModel
from specxai_studies.baselines import (
    BASELINES,
    Photo,
    grid_pointing,
    measure,
    study_network,
)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 4, stride=4), nn.ReLU()
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5))
    return LoadedModel("small", net.eval(), input_shape=(3, 16, 16), preprocess=_tensor)


def _tensor(picture) -> torch.Tensor:
    values = torch.tensor(list(picture.convert("RGB").getdata())).float() / 255
    return values.T.reshape(1, 3, picture.height, picture.width) - 0.5


@pytest.fixture(scope="module")
def photos() -> list[Photo]:
    generator = torch.Generator().manual_seed(0)
    pictures = [torch.randn(1, 3, 16, 16, generator=generator) for _ in range(9)]
    return [Photo(LoadedInput(f"{k}", x), k % 5) for k, x in enumerate(pictures)]


def test_evidence_in_its_own_cell_is_all_and_equal_evidence_is_a_quarter(model, photos) -> None:
    group = photos[:4]
    whole = mosaic([photo.given.tensor for photo in group], range(4))
    masks = [whole.cell(k) for k in range(4)]
    assert grid_pointing(model, group, lambda x, target: masks[target].double()) == 1
    flat = grid_pointing(model, group, lambda x, target: torch.ones(16, 16).double())
    assert flat == pytest.approx(0.25)


def test_what_is_measured_of_one_photo(model, photos) -> None:
    mask = torch.zeros(16, 16, dtype=torch.bool)
    mask[:8] = True
    photo = Photo(photos[2].given, 2, mask)
    found = measure(model, photo, "zero")
    lin = linearize(model.module, photo.given.tensor, baseline="zero")
    y, y0 = float(lin.output[0, 2]), float(lin.baseline_output[0, 2])
    assert found.linear == pytest.approx((y - y0) / y, rel=1e-4)
    assert found.start == pytest.approx(y0 / y)
    assert 0 < found.change < 0.5
    assert 0 <= found.mass <= 1
    ex = explain(model.module, lin.x, last_convolution(lin), 2, method="exact", baseline="zero")
    for shown, share in ((3, found.three), (8, found.eight)):
        leading = ex.contributions[ex.top(shown)].sum() / ex.linear
        assert share == pytest.approx(float(leading), rel=1e-3)
    assert found.cancellation >= 1 - 1e-6


def test_the_table_has_a_row_for_each_baseline_and_one_for_grad_cam(model, photos) -> None:
    masked = [Photo(photos[0].given, 0, torch.ones(16, 16, dtype=torch.bool))]
    table = study_network(model, photos, masked, most=2, count=1)
    assert [row[0].text for row in table.rows] == [*BASELINES, "Grad-CAM"]
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert [row[4].text for row in table.rows[:-1]] == ["1.00"] * len(BASELINES)  # all is inside
    without = study_network(model, photos[:3], masked, most=1, count=1)
    assert [row[0].text for row in without.rows] == [*BASELINES]  # three make no mosaic
