"""Results draw themselves."""

import pytest
import torch
from matplotlib.figure import Figure

import specxai
from specxai import Explanation
from specxai.errors import InvalidInputError

pytestmark = pytest.mark.slow


def test_every_result_that_has_a_figure_draws_it(vector_explanation: Explanation, tmp_path) -> None:
    pytest.importorskip("scipy")
    ex = vector_explanation
    ex.save(tmp_path / "a")
    results = [
        ex,
        specxai.load(tmp_path / "a"),
        ex.ledger(),
        specxai.evolve(ex.linearization.model, ex.x, ["0", "1"]),
        specxai.similarity([ex, ex]),
    ]
    for result in results:
        assert isinstance(result.plot(), Figure)
        html = result._repr_html_()
        assert "<table>" in html
        assert "data:image/png;base64," in html
    for result in (ex.region, ex.reduce()):
        assert "<table>" in result._repr_html_()
        assert not hasattr(result, "plot")


@pytest.mark.parametrize("kind", ["image_explanation", "sequence_explanation", "all_outputs"])
def test_a_saved_result_draws_itself(kind, request, tmp_path) -> None:
    ex = request.getfixturevalue(kind)
    ex.save(tmp_path / "a")
    stored = specxai.load(tmp_path / "a")
    assert isinstance(stored.plot(), Figure)
    if ex.target is not None:
        assert len(stored.symbolic().indices) == min(5, ex.rank)


def test_a_result_without_vectors_shows_what_it_can(
    vector_explanation: Explanation, tmp_path
) -> None:
    vector_explanation.save(tmp_path / "a", ())
    stored = specxai.load(tmp_path / "a")
    html = stored._repr_html_()
    assert "<table>" in html
    assert "data:image/png;base64," in html  # how the output adds up asks for no vectors
    with pytest.raises(InvalidInputError, match="the file holds no vectors"):
        stored.plot(maps="product")


def test_options_go_to_the_figure(vector_explanation: Explanation) -> None:
    figure = vector_explanation.plot(title="Mine")
    texts = [text.get_text() for part in figure.subfigs for text in part.texts]
    assert "Mine" in texts
    assert torch.is_tensor(vector_explanation.x)
