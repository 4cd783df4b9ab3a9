import math

import pytest
import torch
from torch import nn

import specxai
from specxai.models.loaded import LoadedModel
from specxai.tables.surgery import summarize_surgery, surgery_table
from specxai.typed_json import plain


@pytest.fixture(scope="module")
def loaded():
    torch.manual_seed(0)
    parts = nn.Linear(6, 8), nn.LeakyReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)
    return LoadedModel("net", nn.Sequential(*parts).eval(), classes=("a", "b", "c"))


def summarized(loaded, layer, target, **edit):
    ex = specxai.explain(loaded.module, torch.ones(1, 6), layer, target)
    return summarize_surgery(ex.surgery(**edit), loaded, [ex.causal_curve(n=3)])


def test_an_edit_within_the_region_is_foretold(loaded):
    summary = summarized(loaded, "3", 1, drop=0)
    assert summary.scales == {"0": 0.0}
    assert summary.predicted == pytest.approx(summary.real, abs=1e-6)
    assert summary.outputs[0].name == "output 1 'b'"
    assert summary.outputs[0].real == pytest.approx(summary.real)
    table = surgery_table(summary)
    assert table.title == "net: output 1 'b', at layer 3"
    assert table.notes[0].startswith(f"1 of {summary.components} components changed")
    assert table.notes[1] == "no gate and no pool choice follows the layer"
    assert plain(summary)["reach"] is None


def test_gates_that_flip_are_counted(loaded):
    summary = summarized(loaded, "1", 1, scale={0: -400.0})
    assert math.isfinite(summary.reach)
    crossed = sum(flip.count for flip in summary.flips)
    note = surgery_table(summary).notes[1]
    assert note.startswith(f"crosses {crossed} of {summary.borders} borders")
    assert "at 1 operation call;" in note
    assert plain(summary)["flips"][0]["site"] == "relu@3"


def test_of_all_outputs_norms_come_first(loaded):
    summary = summarized(loaded, None, None, scale={})
    first = surgery_table(summary).rows[0]
    assert first[0].text == "all outputs (norms)"
    assert first[1].text == f"{summary.before:+.5f}"
    (curve,) = plain(summary)["curves"]
    assert list(curve) == ["order", "counts", "predictions", "answers"]
    assert len(curve["counts"]) == 3
