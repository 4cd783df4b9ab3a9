"""Results as dicts and data frames."""

import json
import sys

import pytest
import torch

import specxai
import zoo
from specxai.errors import MissingExtraError


@pytest.fixture(scope="module")
def explanation():
    net = zoo.build("residual branch")
    return specxai.explain(net.model, net.x, net.layer, feature_names={(0, 0, 0): "corner"})


def test_a_dict_holds_every_number_and_is_json(explanation, tmp_path):
    ex = explanation
    found = json.loads(json.dumps(ex.to_dict(), allow_nan=False))
    parts = sum(found[name] for name in ("bypass", "unresolved", "bias", "residual"))
    total = sum(each["contribution"] for each in found["components"]) + parts
    assert total == pytest.approx(found["output"])
    assert [each["k"] for each in found["components"]] == list(range(ex.rank))
    assert found["features"]["names"] == ["corner"]
    ex.save(tmp_path / "a", [0])
    assert specxai.load(tmp_path / "a").to_dict() == ex.to_dict()


def test_all_outputs_are_told_by_their_norms():
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x)
    found = ex.to_dict()
    assert found["target"] is None
    assert found["output"] == pytest.approx(float(ex.output.norm()))


def test_what_is_no_number_is_none():
    model = torch.nn.Linear(3, 1).eval()
    ex = specxai.explain(model, torch.zeros(1, 3), target=0)
    assert ex.to_dict()["components"][0]["share"] is None
    json.dumps(ex.to_dict(), allow_nan=False)


def test_a_frame_has_a_row_for_each_component(explanation):
    pytest.importorskip("pandas")
    frame = explanation.to_frame()
    assert list(frame.index) == list(range(explanation.rank))
    assert list(frame.columns) == [
        "sigma", "psi", "coefficient", "contribution", "share", "residual_norm",
    ]  # fmt: skip
    assert frame.contribution.sum() == pytest.approx(float(explanation.contributions.sum()))
    assert frame.sigma[2] == float(explanation.singular_values[2])


def test_without_pandas_the_extra_is_named(explanation, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[pandas\]"):
        explanation.to_frame()
