"""Equation 20 on the architectures the paper's readers use, at a reduced resolution."""

import pytest
import torch

import specxai

torchvision = pytest.importorskip("torchvision", reason="make compat goes without it")

# For each network a layer after which few units are left, and whether it is a cut.
LAYERS = {
    "alexnet": ("features.12", True),
    "vgg11_bn": ("features.28", True),
    "resnet18": ("avgpool", True),
    "squeezenet1_1": ("classifier.3", True),
    "densenet121": ("features.denseblock4.denselayer16.conv2", False),
}
PIXELS = {"vgg11_bn": 32}  # 512 units here, and 2,048 at 64


@pytest.fixture(scope="module", params=LAYERS)
def case(request):
    torch.manual_seed(0)
    model = torchvision.models.get_model(request.param, weights=None)
    pixels = PIXELS.get(request.param, 64)
    return model.eval(), torch.randn(1, 3, pixels, pixels), *LAYERS[request.param]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-9)])
@pytest.mark.slow
def test_equation_20_adds_up(case, dtype, tolerance):
    model, x, layer, cut = case
    model, x = model.to(dtype), x.to(dtype)
    ex = specxai.explain(model, x, layer)
    with torch.no_grad():
        y = float(model(x.clone()).max())
    assert float(ex.output) == pytest.approx(y, abs=tolerance * abs(y))
    total = ex.contributions.sum() + ex.bypass + ex.bias
    assert abs(float(total) - y) <= tolerance * abs(y)
    assert ex.split.cut is cut
    assert (float(ex.bypass) == 0) is cut
    V = ex.right_vectors(ex.top(3)).flatten(1).double()
    torch.testing.assert_close(V @ V.T, torch.eye(len(V)).double(), rtol=0, atol=1e-5)
    along = ex.singular_values[ex.top(3)] * (V @ x.double().flatten())
    largest = float(ex.coefficients.max())
    torch.testing.assert_close(along, ex.coefficients[ex.top(3)], rtol=0, atol=1e-4 * largest)
