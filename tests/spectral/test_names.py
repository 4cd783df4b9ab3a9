"""Names, units and groups are given once, and results, files and formulas keep them."""

import pytest
import torch
from torch import nn

import specxai
from specxai.errors import InvalidInputError
from specxai.models import LoadedModel
from specxai.spectral.records.features import NAMELESS, Features

NAMES = ["length", "width", "mass"]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2)).double().eval()


@pytest.fixture(scope="module")
def explanation(net):
    return specxai.explain(
        net,
        torch.tensor([[1.0, 2.0, 3.0]]).double(),
        "1",
        baseline="zero",
        feature_names=NAMES,
        units={"mass": "kg"},
        groups={"size": ["length", "width"]},
    )


def test_they_are_on_the_result(explanation):
    assert explanation.features == Features(
        tuple(NAMES), ("", "", "kg"), (0, 1, 2), {"size": (0, 1)}
    )
    assert explanation.named("other").features == explanation.features


def test_a_result_without_names_has_none(net):
    assert specxai.explain(net, torch.ones(1, 3).double()).features == NAMELESS


def test_a_formula_takes_them(explanation):
    assert "| mass | 3 from 0 kg |" in explanation.symbolic().markdown()
    assert explanation.symbolic().features.names == tuple(NAMES)
    other = explanation.symbolic(units=["m", "m", "g"]).features
    assert (other.names, other.units) == (tuple(NAMES), ("m", "m", "g"))
    assert explanation.symbolic(feature_names=list("abc")).features.names == ("a", "b", "c")


def test_files_keep_them(explanation, tmp_path):
    explanation.save(tmp_path / "a")
    stored = specxai.load(tmp_path / "a")
    assert stored.features == explanation.features
    assert "| mass | 3 from 0 kg |" in stored.symbolic().markdown()
    assert stored.pointwise_linear == explanation.pointwise_linear
    assert stored.pointwise_linear is not None


def test_positions_along_a_dimension(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2)).eval()
    words = ["the", "cat", "the"]
    ex = specxai.explain(net, torch.randn(1, 3, 4), "2", feature_names=words, names_dim=1)
    found = ex.group_contributions()
    assert list(found) == ["the", "cat", "the#2"]
    assert sum(found.values()) == pytest.approx(float(ex.linear), rel=1e-5)
    ex.save(tmp_path / "a")
    assert specxai.load(tmp_path / "a").features == ex.features
    assert ex.symbolic().features.dim is None  # tokens have no single slope


def test_wrong_names_are_refused_before_the_work(net, monkeypatch):
    def never(*_, **__):
        raise AssertionError("decomposed")

    monkeypatch.setattr("specxai.spectral.decompose.explain_at", never)
    with pytest.raises(InvalidInputError, match="2 feature names for an input of 3 values"):
        specxai.explain(net, torch.ones(1, 3).double(), feature_names=["a", "b"])


def test_a_loaded_network_gives_its_own_name_and_classes(net):
    loaded = LoadedModel("my net", net, classes=("yes", "no"))
    ex = specxai.explain(loaded, torch.ones(1, 3).double(), "1", 1)
    assert (ex.model, ex.target_name) == ("my net", "no")
    assert 0 < ex.probability < 1
    against = specxai.explain(loaded, torch.ones(1, 3).double(), "1", 1, against=0)
    assert against.model == "my net"
    assert against.target_name == "output 1 against 0"
