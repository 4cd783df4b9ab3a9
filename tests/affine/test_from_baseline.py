"""The map from a baseline on small awkward networks: exact, adjoint, and the same by batches."""

import pytest
import torch
from sweep.measure import measure_adjointness, measure_cut_sums

import zoo
from specxai import linearize
from specxai.affine.baselines import read_baseline
from specxai.affine.blur import blurred
from specxai.affine.tracing.arguments import Arguments


@pytest.mark.parametrize("baseline", ["zero", "mean", "far"])
@pytest.mark.parametrize("name", zoo.names())
def test_the_map_leads_from_the_baseline_to_the_output(name: str, baseline: str) -> None:
    net = zoo.build(name)
    torch.manual_seed(1)
    start = 2 * torch.randn_like(net.x) if baseline == "far" else baseline
    lin = linearize(net.model, net.x, baseline=start)
    scale = float(max(lin.output.abs().max(), lin.baseline_output.abs().max()))
    off = lin.output - lin.baseline_output - lin.jvp(lin.displacement)
    assert float(off.abs().max()) <= 1e-12 * scale
    assert measure_cut_sums(lin) <= 1e-12
    assert measure_adjointness(lin) <= 1e-12
    assert torch.allclose(lin.baseline_output, net.model(lin.baseline.clone()))
    right = lin.right(net.layer)
    few = torch.arange(min(5, right.shape[0]))
    one_by_one = torch.cat(
        [right.pull(row[None]) for row in torch.eye(right.shape[0])[few].double()]
    )
    assert torch.allclose(right.rows(few), one_by_one, rtol=1e-10, atol=1e-13)
    assert "completed" not in lin.exactness


@pytest.mark.parametrize(
    "name", ["residual branch", "concatenation branch", "in-place at a branch"]
)
def test_around_a_branch_the_ledger_closes_too(name: str) -> None:
    net = zoo.build(name)
    lin = linearize(net.model, net.x, baseline="mean")
    ledger = lin.ledger(net.target)
    assert float(ledger.remainder.norm()) <= 1e-12 * max(1.0, float(ledger.bias.norm()))


def test_nothing_stays_on_the_model() -> None:
    net = zoo.build("in-place at a cut")
    before = {name: value.clone() for name, value in net.model.state_dict().items()}
    linearize(net.model, net.x, baseline="blur").rows([0])
    for name, value in net.model.state_dict().items():
        assert torch.equal(value, before[name])
    assert not any(part._forward_hooks for part in net.model.modules())


def test_the_named_baselines() -> None:
    x = torch.arange(24.0).reshape(1, 2, 3, 4)
    assert read_baseline("zero", x, Arguments()).abs().sum() == 0
    mean = read_baseline("mean", x, Arguments())
    assert mean[0, :, 0, 0].tolist() == [5.5, 17.5]
    assert torch.equal(mean, mean[:, :, :1, :1].expand_as(x))
    blur = read_baseline("blur", x, Arguments())
    assert torch.allclose(blur.sum((2, 3)), x.sum((2, 3)))
    assert read_baseline("mean", x[:, 0, 0], Arguments()).tolist() == [[1.5] * 4]


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.0, 30.0])
def test_the_blur_is_a_gaussian_with_reflected_edges(sigma: float) -> None:
    torch.manual_seed(0)
    values = torch.randn(9, dtype=torch.float64)
    mirrored = torch.cat([values, values.flip(0)]).repeat(41)  # reflections without end
    places = torch.arange(len(mirrored), dtype=torch.float64)
    middle = 20 * 18
    expected = []
    for n in range(middle, middle + 9):
        weights = torch.exp(-((places - n) ** 2) / (2 * sigma**2))
        expected.append(float((weights * mirrored).sum() / weights.sum()))
    assert torch.allclose(blurred(values, sigma, 1), torch.tensor(expected).double(), atol=1e-9)
    assert torch.isclose(blurred(values, sigma, 1).sum(), values.sum())
