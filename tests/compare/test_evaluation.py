import pytest
import torch

from specxai.cache import Cache
from specxai.compare import Effort, Method, Subject, evaluate
from specxai.compare.markdown import metrics_markdown
from specxai.compare.relevance import relevance_method
from specxai.errors import InvalidInputError, UnsupportedOperationError
from specxai.plots import metrics_figure

EFFORT = Effort((0.0, 0.5, 1.0), (0.01,), 2, 2)


def product(instance):
    x = instance.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(instance.model(x)[0, instance.target], x)
    return slope * instance.x


def never(instance):
    raise UnsupportedOperationError("it has no heart for it")


METHODS = (
    Method("product", product, "u·x", "∂y/∂x ⊙ x"),
    Method("constant", lambda instance: torch.ones_like(instance.x), "", "1"),
    Method("never", never, "y", "nothing"),
)


@pytest.fixture
def subjects(instance):
    from dataclasses import replace

    mask = torch.zeros(16, 16, dtype=torch.bool)
    mask[:8] = True
    other = replace(instance, x=-instance.x)
    return [Subject("a", instance, mask), Subject("b", other, mask)]


def test_every_measure_of_every_method(subjects):
    found = evaluate(subjects, METHODS, ["8"], EFFORT)
    assert found.means["product"]["sum error"].mean < 1e-5
    assert "sum error" not in found.means["constant"]
    assert found.means["constant"]["change at noise 0.01"].mean == 0
    assert found.means["constant"]["Gini"].mean == pytest.approx(0)
    assert found.means["constant"]["mass inside mask"].mean == 0.5
    assert found.means["product"]["similarity, 100 % random"].mean < 0.9
    assert found.means["product"]["deletion"].count == 2
    assert found.refusals == {"never": "it has no heart for it"}
    assert 0 < found.overlaps["8"].mean < 1
    assert set(found.means["product"]) == set(found.measures)


def test_the_table_shows_refusals_and_the_figure_everybody(subjects):
    found = evaluate(subjects, METHODS, ["8"], EFFORT)
    text = metrics_markdown(found)
    assert "| never | it has no heart for it |" in text
    assert "deletion ↓" in text
    assert "insertion ↑" in text
    assert "- `8`: " in text
    figure = metrics_figure(found, "measures")
    drawn = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(drawn) == len(found.measures)


def test_measures_are_kept(subjects, tmp_path):
    calls = []

    def counted(instance):
        calls.append(1)
        return product(instance)

    methods = [Method("counted", counted, "", "counts")]
    first = evaluate(subjects, methods, ["8"], EFFORT, Cache(tmp_path))
    count = len(calls)
    assert evaluate(subjects, methods, ["8"], EFFORT, Cache(tmp_path)) == first
    assert len(calls) == count


def test_no_image(subjects):
    with pytest.raises(InvalidInputError, match="at least one"):
        evaluate([], [relevance_method()], [])
