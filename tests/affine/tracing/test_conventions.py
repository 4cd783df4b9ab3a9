"""Which convention applies where, and what a result says of it."""

import pytest
import torch
from torch import nn

from specxai import SpecxaiError, linearize
from specxai.affine.tracing.conventions import read_conventions


def net() -> nn.Module:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 4), nn.Sigmoid())
    return nn.ModuleDict({"body": body}).body.double().eval()


def test_the_last_pattern_that_matches_wins() -> None:
    conventions = read_conventions({"*": "secant", "gelu": "tangent", "head.*": "secant"})
    assert conventions.of("body.1", "tanh") == "secant"
    assert conventions.of("body.1", "gelu") == "tangent"
    assert conventions.of("head.1", "gelu") == "secant"
    assert read_conventions({"gelu": "secant"}).of("body", "tanh") == "tangent"


def test_by_operation_and_by_module() -> None:
    x = torch.randn(1, 4, dtype=torch.float64)
    for rule in ({"gelu": "secant"}, {"1": "secant"}):
        sites = {s.operation: s.convention for s in linearize(net(), x, rule).conventional}
        assert sites == {"gelu": "secant", "sigmoid": "tangent"}


def test_exactness_names_what_was_used() -> None:
    x = torch.randn(1, 4, dtype=torch.float64)
    assert linearize(net(), x).exactness == "convention: tangent"
    assert linearize(net(), x, "secant").exactness == "convention: secant"
    assert linearize(net(), x, {"gelu": "secant"}).exactness == "convention: secant, tangent"
    assert linearize(net()[:1].eval(), x, "secant").exactness == "canonical"


def test_the_rule_says_what_it_freezes() -> None:
    lin = linearize(net(), torch.randn(1, 4, dtype=torch.float64), "secant")
    assert {site.frozen for site in lin.conventional} == {"the slope (σ(z) − σ(0)) / z"}


def test_a_pattern_that_fits_nothing_is_refused() -> None:
    x = torch.ones(1, 4).double()
    with pytest.raises(SpecxaiError, match=r"'gleu': no operation or module.*closest: .*gelu"):
        linearize(net(), x, {"gleu": "secant"})
    linearize(net(), x, {"softmax": "secant", "?": "secant"})  # known, though not in this network


def test_a_rule_that_freezes_everything_is_refused() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1)).double().eval()
    with pytest.raises(SpecxaiError, match="past softmax@1, whose value is frozen"):
        linearize(model, torch.ones(1, 4).double(), "secant")


@pytest.mark.usefixtures("unchecked_annotations")
def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(SpecxaiError, match="'secants' for 'gelu' is unknown: choose 'tangent'"):
        linearize(net(), torch.ones(1, 4).double(), {"gelu": "secants"})
