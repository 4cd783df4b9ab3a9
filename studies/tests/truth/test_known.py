"""Known truth: a map that is the truth finds all of it, one that knows nothing its share."""

import pytest
import torch

from specxai.cache import Cache
from specxai.compare import Method
from specxai_studies.truth.known import learned, planted, recover


def gradient(instance):
    x = instance.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(instance.model(x)[0, instance.target], x)
    return slope * instance.x


def ramp(instance):
    return torch.arange(instance.x.numel(), dtype=instance.x.dtype).reshape(instance.x.shape)


METHODS = (
    Method("gradient × input", gradient, "u·x", "∂y/∂x ⊙ x"),
    Method("ramp", ramp, "", "a number for each pixel"),
)


@pytest.fixture(scope="module")
def found():
    return recover(list(planted([0, 1])), METHODS)


def test_each_kind_has_its_truth(found):
    assert len(found.kinds) == 6
    for kind in found.kinds:
        precision = found.means["precision of pixels", "gradient × input", kind]
        assert (precision.mean, precision.count) == (1, 2)
        assert found.chance[kind] == pytest.approx(3 / 16)
        assert ("error of shares", "ramp", kind) not in found.means
    assert found.means["error of shares", "gradient × input", "linear"].mean < 1e-12
    assert found.means["error of shares", "gradient × input", "rectified"].mean > 0.3


def test_causes_are_found_from_the_baseline_alone(found):
    shares = {kind: found.causes["from the baseline", kind] for kind in found.kinds}
    assert shares.pop("linear") == 0  # all singular values are equal there
    assert set(shares.values()) == {1}
    assert found.causes["at x", "rectified"] < 1


@pytest.mark.slow
def test_a_network_learns_where_the_class_shows(tmp_path):
    cache = Cache.at(tmp_path)
    pictures, right = learned("linear", 5, 2000, 0, cache)
    assert right > 0.95
    assert len(pictures) == 5
    again, _ = learned("linear", 5, 2000, 0, cache)
    assert again[0].subject.instance.digest == pictures[0].subject.instance.digest
    recovered = recover(pictures, METHODS)
    precision = recovered.means["precision of pixels", "gradient × input", "linear"].mean
    assert precision > 3 * recovered.chance["linear"]
    assert not recovered.causes
