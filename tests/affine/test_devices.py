"""The same numbers on every device that is there."""

import pytest
import torch

import zoo
from specxai import explain

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.mark.parametrize("method", ["exact", "krylov"])
@pytest.mark.parametrize("name", zoo.names())
def test_a_cuda_device_gives_what_the_processor_gives(name, method):
    net = zoo.build(name)
    options = {"target": 0, "method": method, "n_components": 2, "tol": 1e-8}
    here = explain(net.model, net.x, net.layer, **options)
    there = explain(net.model.cuda(), net.x.cuda(), net.layer, **options)
    assert there.right_vectors(0).is_cuda
    torch.testing.assert_close(there.singular_values.cpu()[:2], here.singular_values[:2])
    torch.testing.assert_close(there.bias.cpu(), here.bias)
    assert abs(float(there.residual)) < 1e-9 * max(1.0, abs(float(here.output)))
