"""The answer in words: in the order in which a person asks, from numbers."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import specxai
import zoo
from specxai.spectral import Removal, Trust
from specxai.tables.answer import answer_of, answer_tables, trust_lines


@pytest.fixture(scope="module")
def result():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 4)).double().eval()
    x = torch.linspace(-1, 1, 6, dtype=torch.float64)[None]
    ex = specxai.explain(net, x, layer="1", target=1, baseline="mean")
    return ex.named("net", "[red] cat")


def test_its_parts_add_up(result):
    answer = answer_of(result)
    total = answer.start + sum(p.contribution for p in answer.parts) + answer.others
    total += answer.unresolved + answer.bypass
    assert total == pytest.approx(float(result.output), abs=1e-12)
    for part in answer.parts:
        assert part.share == pytest.approx(part.contribution / float(result.linear))


def test_by_which_named_inputs(result):
    names = ["a", "b", "c", "d", "e", "f"]
    part = answer_of(result.with_features(names)).parts[0]
    values = result.contribution_maps([part.k], None)[0]
    most = int(values.abs().argmax())
    assert part.place.startswith(f"{names[most]} {float(values[most]):+.3g}, ")
    both = answer_of(result.with_features(names, groups={"left": names[:3], "right": names[3:]}))
    assert {words.split()[0] for words in both.parts[0].place.split(", ")} == {"left", "right"}


def test_what_is_for_it_and_what_is_against_it(result):
    answer = answer_of(result, result.trust())
    tables = list(answer_tables(answer, result))
    says, *others, trust = tables
    assert says.title.startswith("net: [red] cat, probability 0.")
    assert float(says.rows[-1][1].text) == pytest.approx(float(result.output), abs=1e-5)
    listed = {row[0].text: row[1].text for table in others for row in table.rows}
    assert len(listed) == len(answer.parts)
    for table, sign in zip(others, (1, -1), strict=False):
        direction = sign * float(result.linear)
        assert all(float(row[1].text) * direction > 0 for row in table.rows)
    assert trust.title == "How far to trust it:"
    assert len(trust.notes) == 7  # behind the layer all is linear, which is said


def test_a_network_that_ends_in_a_softmax_has_said_its_probability(result):
    net = nn.Sequential(*result.linearization.model, nn.Softmax(1)).eval()
    ex = specxai.explain(net, result.x, layer="1", target=1, baseline="mean").named("net", "cat")
    assert ex.probability == pytest.approx(float(ex.output))
    assert result.probability == pytest.approx(ex.probability)


def test_where_in_a_picture():
    net = zoo.build("max pool")
    ex = specxai.explain(net.model, net.x, net.layer, target=0, baseline="zero")
    assert all(part.place for part in answer_of(ex).parts)


GOOD = Trust(1e-7, 1.0, -0.07, 0.01, 0.02, Removal(3, -2.0, -1.5, 1.8, 0.1))


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (GOOD, "It adds up: the parts miss y by 1e-07"),
        (GOOD, "Hardly anything cancels: their sizes add up to 1.00 ×"),
        (GOOD, "It is stable: noise of 1% of the input's deviation changes the whole map by 2%."),
        (GOOD, "component 3 changes y by -1.5 (predicted -2); random directions of its length by"),
        (GOOD, "Put in alone at the baseline, it changes y by +1.8 (predicted +2)."),
        (GOOD, "the map at x alone says -7% of y"),
        (replace(GOOD, removal=replace(GOOD.removal, random=1.4)), "nothing special there."),
        (replace(GOOD, pointwise=142.7), "its linear part is 1.4e+02 × y, and biases make up"),
        (replace(GOOD, residual=0.02), "It does NOT add up: 2.0% of y is lost to rounding."),
        (replace(GOOD, removal=replace(GOOD.removal, answered=-0.1)), "prediction is far off"),
        (replace(GOOD, removal=replace(GOOD.removal, answered=-2.0)), "Both agree, as they must"),
        (replace(GOOD, change=1e13), "changes the whole map beyond recognition"),
        (replace(GOOD, cancellation=11.0), "Much cancels"),
        (replace(GOOD, cancellation=2.0), "Some of it cancels"),
        (replace(GOOD, change=0.7), "It is NOT stable"),
        (replace(GOOD, change=0.2), "It is hardly stable"),
    ],
)
def test_sentences_follow_the_numbers(trust, words):
    assert any(words in line for line in trust_lines(trust, from_baseline=True))


def test_what_is_in_no_component_is_said(result):
    few = specxai.Krylov(1, by="contribution", products=4, tol=1e-12)
    ex = specxai.explain(result.linearization.model, result.x, "1", 1, baseline="mean", method=few)
    answer = answer_of(ex, ex.trust())
    assert abs(answer.unresolved) > 0.25 * abs(answer.change)
    share = abs(answer.unresolved / answer.change)
    for told in (answer, answer_of(ex)):  # of a file, too, that does not know its network
        says, *_, trust = answer_tables(told, ex)
        assert trust.notes[0].startswith(f"{share:.0%} of it is in NO component:")
        assert "of 1 converged" in says.notes[1]


def test_how_the_map_was_found_is_said(result):
    named = result.with_features(["a", "b", "c", "d", "e", "f"])
    says, *_ = answer_tables(answer_of(named), named)
    (only,) = says.notes
    assert only == "explained at layer 1, by the map from the baseline x₀ (mean); in float64"
    options = {"layer": "1", "target": 1, "baseline": "zero", "average": 3}
    model, x = result.linearization.model, result.x
    zero = specxai.explain(model, x, **options).with_features(named.features.names)
    *_, spread, share, origin = next(answer_tables(answer_of(zero), zero)).notes
    assert spread == "affine map: from a baseline, averaged over 3 noisy copies"
    assert "the average is completed to be exact at x by" in share
    assert origin.startswith("x₀ is zero in every input")


def test_what_rounding_has_taken_is_a_row_and_small_numbers_have_digits(result):
    terms = replace(result.terms, residual=result.terms.residual + 0.1 * result.output)
    says, *_ = answer_tables(answer_of(result), replace(result, terms=terms))
    rows = {row[0].text: float(row[1].text) for row in says.rows}
    assert rows["lost to rounding"] == pytest.approx(0.1 * float(result.output), rel=1e-3)
    tiny = specxai.explain(_Times(1e-7, result.linearization.model), result.x, "net.1", 1)
    says, *_ = answer_tables(answer_of(tiny), tiny)
    assert float(says.rows[-1][1].text) == pytest.approx(float(tiny.output), rel=1e-4)


class _Times(nn.Module):
    def __init__(self, factor, net):
        super().__init__()
        self.factor, self.net = factor, net
        self.eval()

    def forward(self, x):
        return self.factor * self.net(x)


def test_the_map_at_x_alone_speaks_of_no_baseline():
    lines = trust_lines(replace(GOOD, removal=None), from_baseline=False)
    assert len(lines) == 3
    assert not any("baseline" in line for line in lines)


def test_an_output_below_its_baseline_is_brought_down(result):
    start, x = result.x, result.baseline
    ex = specxai.explain(result.linearization.model, x, layer="1", target=1, baseline=start)
    low = ex if float(ex.linear) < 0 else result
    titles = [table.title for table in answer_tables(answer_of(low), low)]
    assert titles[1].startswith("What brings it down from y₀, as shares of u·(x − x₀) = -")
    assert "What counts against it:" not in titles


def test_components_that_all_count_against_it_are_the_only_table(result):
    answer = answer_of(result)
    sign = -1 if answer.change > 0 else 1
    against = (replace(p, contribution=sign * abs(p.contribution)) for p in answer.parts)
    tables = list(answer_tables(replace(answer, parts=tuple(against)), result))
    titles = [table.title for table in tables]
    assert sum("as shares of" in title for title in titles) == 1
    assert all(table.rows for table in tables[:2])


def test_what_does_not_belong_together_is_doubted(result):
    linear = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).double().eval()
    x = torch.tensor([[1.0, 2.0, 3e9]], dtype=torch.float64)
    ex = specxai.explain(linear, x, layer="1", target=0, baseline=-1e6 * x)
    notes = " ".join(list(answer_tables(answer_of(ex), ex))[-1].notes)
    assert "Inputs differ in size by 3e+09" in notes
    assert "Does it expect scaled inputs" in notes
    scaled = specxai.explain(linear, x, "1", 0, baseline="zero", scale=[1.0, 1.0, 1e9])
    assert not [t for t in answer_tables(answer_of(scaled), scaled) if "differ in" in str(t.notes)]


def test_no_residual_beside_a_large_baseline_is_called_rounding(result):
    terms = replace(result.terms, residual=result.terms.residual + 500 * result.output)
    far = replace(result, terms=replace(terms, bias=1e6 * result.output))
    trust = replace(GOOD, residual=far.trust().residual)
    assert trust.residual == pytest.approx(500)
    assert trust_lines(trust, True)[0].startswith("It does NOT add up")


def test_named_inputs_that_are_not_listed_are_the_others(result):
    named = result.with_features(["a", "b", "c", "d", "e", "f"])
    for part in answer_of(named).parts:
        shown = [float(word.split()[1]) for word in part.place.split(", ")]
        assert part.place.split(", ")[-1].startswith("others ")
        assert sum(shown) == pytest.approx(part.contribution, rel=0.05, abs=5e-3)
