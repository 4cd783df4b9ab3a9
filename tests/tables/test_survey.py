from dataclasses import replace

import torch
from torch import nn

import specxai
from specxai.survey import evolve
from specxai.tables.survey import (
    evolution_table,
    named_groups,
    similarity_table,
    summarize_evolution,
)
from specxai.typed_json import plain


def network():
    torch.manual_seed(0)
    parts = nn.Linear(6, 8), nn.LeakyReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)
    return nn.Sequential(*parts).eval()


def test_an_evolution_says_how_each_layer_lies_to_the_one_above():
    evolution = evolve(network(), torch.ones(1, 6), ["1", "3"], 2)
    summary = summarize_evolution(evolution)
    first, second = plain(summary)["layers"]
    assert first["cosine"] is first["principal_angles_deg"] is None
    assert second["cosine"] == evolution.alignments[0].cosine
    table = evolution_table(summary)
    assert [row[0].text for row in table.rows] == ["1", "3"]
    assert [row[-1].text.count("°") for row in table.rows] == [0, 2]
    assert len(table.notes) == 1


def test_what_is_not_known_is_null_and_what_is_a_bound_looks_like_one():
    evolution = evolve(network(), torch.ones(1, 6), ["1", "3"], 2)
    spectrum = replace(evolution.layers[0], complete=False, leading=False, note="few products")
    summary = summarize_evolution(replace(evolution, layers=(spectrum, evolution.layers[1])))
    assert plain(summary)["layers"][0]["effective_rank"] is None
    table = evolution_table(summary)
    row = [cell.text for cell in table.rows[0]]
    assert row[3].startswith("≥ ")
    assert row[4] == ""
    assert row[6].startswith("≤ ")
    assert table.notes[1] == "1: few products; shares and ranks are bounds"


def test_groups_are_told_by_name():
    net = network()
    results = [specxai.explain(net, x, "1") for x in (torch.ones(1, 6), 2 * torch.ones(1, 6))]
    similarity = specxai.similarity([*results, results[0]], names=["a", "b", "c"], threshold=0.0)
    (group,) = named_groups(similarity)
    assert sorted(group.members) == ["a", "b", "c"]
    ((number, mean, members),) = similarity_table(similarity).rows
    assert (number.text, mean.text) == ("1", f"{group.cohesion:.3f}")
    assert members.text == ", ".join(group.members)
    assert plain(similarity)["matrix"] == similarity.matrix.tolist()
