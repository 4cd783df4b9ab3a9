"""What groups of inputs add, against sums written out."""

import pytest
import torch
from torch import nn

import specxai
from specxai.errors import InvalidInputError, TargetError
from specxai.spectral.records.features import Features
from specxai.spectral.records.grouping import sum_groups


@pytest.fixture(scope="module")
def table():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 8), nn.GELU(), nn.Linear(8, 2)).double().eval()
    groups = {"size": ["length", "width"], "rest": [4]}
    return specxai.explain(
        net,
        torch.randn(1, 5).double(),
        "1",
        baseline="zero",
        feature_names=["length", "width", "mass", "speed", "angle"],
        groups=groups,
    )


def test_groups_add_up_to_what_is_linear(table):
    u = table.linearization.rows([table.target])[0]
    each = u * table.displacement[0]
    found = table.group_contributions()
    assert list(found) == ["size", "rest", "other inputs"]
    assert found["size"] == pytest.approx(float(each[0] + each[1]))
    assert found["rest"] == pytest.approx(float(each[4]))
    assert sum(found.values()) == pytest.approx(float(table.linear))


def test_groups_of_components_add_up_to_their_contributions(table):
    found = table.group_contributions([2, 0])
    torch.testing.assert_close(sum(found.values()), table.contributions[[2, 0]])
    maps = table.contribution_maps([2, 0], None)
    torch.testing.assert_close(found["size"], maps[:, 0] + maps[:, 1])


def test_without_groups_each_named_input_is_one(table):
    named = table.with_features(["a", "b", "c", "d", "e"])
    found = named.group_contributions()
    assert list(found) == list("abcde")
    assert sum(found.values()) == pytest.approx(float(table.linear))


def test_tokens_are_positions_along_a_dimension():
    maps = torch.arange(12.0).reshape(1, 3, 4)
    words = Features(("the", "cat", "the"), ("",) * 3, (0, 1, 2), dim=1)
    found = {name: float(total) for name, total in sum_groups(maps, words).items()}
    assert found == {"the": 6.0, "cat": 22.0, "the#2": 38.0}
    columns = Features((), (), (), {"left": (0, 1)}, dim=2)
    found = {name: float(total) for name, total in sum_groups(maps, columns).items()}
    assert found == {"left": 27.0, "other inputs": 39.0}


def test_what_has_no_groups_says_so(table, tmp_path):
    with pytest.raises(InvalidInputError, match="no names and no groups: give explain"):
        sum_groups(torch.ones(1, 40), Features())
    table.save(tmp_path / "a", [0])
    stored = specxai.load(tmp_path / "a")
    alive = table.group_contributions(0)
    assert {k: float(v) for k, v in stored.group_contributions(0).items()} == {
        k: pytest.approx(float(v)) for k, v in alive.items()
    }
    with pytest.raises(InvalidInputError, match="without the network: give indices="):
        stored.group_contributions()


def test_all_outputs_have_no_one_sum():
    ex = specxai.explain(nn.Linear(3, 3).eval(), torch.ones(1, 3), feature_names=["a", "b", "c"])
    with pytest.raises(TargetError):
        ex.group_contributions()
