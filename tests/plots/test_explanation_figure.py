"""The page of an explanation: the panels it has, what they say, and that nothing collides."""

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

import specxai
from drawn import check_words, drawn_texts
from specxai import Explanation, SpecxaiError
from specxai.plots import explanation_figure

pytestmark = pytest.mark.slow  # every figure is drawn: half a minute together

KINDS = ["image_explanation", "vector_explanation", "sequence_explanation", "all_outputs"]


@pytest.fixture(params=KINDS)
def explanation(request: pytest.FixtureRequest) -> Explanation:
    return request.getfixturevalue(request.param)


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in drawn_texts(figure))


def panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_title("left").startswith("k = ")]


@pytest.mark.parametrize("top", [1, 2, 3, 6, 8])
def test_no_words_overlap_or_leave_the_page(explanation: Explanation, top: int) -> None:
    check_words(explanation_figure(explanation, top=top))


@pytest.mark.parametrize("top", [1, 3, 100])
def test_each_ranking_has_its_panels_with_k_sigma_and_alpha(
    explanation: Explanation, top: int
) -> None:
    figure = explanation_figure(explanation, top=top)
    shown = [axes.get_title("left") for axes in panels(figure)]
    ranked = [explanation.top(top, by).tolist() for by in ("singular_value", "contribution")]
    assert [int(title.split()[2].rstrip("*")) for title in shown] == ranked[0] + ranked[1]
    assert all("σ = " in title and "α = " in title for title in shown)
    for title in ("Singular values", "Contributions", "After cancellation"):
        assert title in words(figure)


def test_maps_of_an_image_have_symmetric_limits_and_colour_bars(
    image_explanation: Explanation,
) -> None:
    figure = explanation_figure(image_explanation, top=2, percentile=90.0)
    maps = [axes.images[0] for axes in panels(figure)]
    expected = image_explanation.heatmaps(image_explanation.top(2, "singular_value"))
    assert len(maps) == 4
    for image in maps:
        low, high = image.get_clim()
        assert low == -high < 0
        assert image.colorbar is not None
    np.testing.assert_allclose(maps[0].get_array(), expected[0], rtol=1e-5)
    assert "percentile 90 of |values|" in words(figure)


def test_the_input_is_the_picture_or_the_rescaled_tensor(image_explanation: Explanation) -> None:
    picture = Image.new("RGB", (40, 20), "red")
    with_picture = explanation_figure(image_explanation, picture)
    without = explanation_figure(image_explanation)
    assert with_picture.axes[0].images[0].get_array().shape == (20, 40, 3)
    assert without.axes[0].images[0].get_array().shape == (12, 16, 3)
    assert "picture\n40 × 20" in words(with_picture)
    assert "model's input frame (16 × 12)" in words(with_picture)


@pytest.mark.parametrize("channels", [1, 2])
def test_images_of_other_channels(channels: int) -> None:
    model = nn.Sequential(nn.Conv2d(channels, 2, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    x = torch.rand(1, channels, 6, 6)
    model(x)
    figure = explanation_figure(specxai.explain(model.eval(), x, layer="1"), top=1)
    assert figure.axes[0].images[0].get_array().shape == (6, 6)
    assert ("mean of channels" in words(figure)) == (channels == 2)


def test_sequences_are_summed_over_channels(sequence_explanation: Explanation) -> None:
    first = panels(explanation_figure(sequence_explanation, top=1))[0]
    expected = sequence_explanation.heatmaps([0])[0]
    np.testing.assert_allclose(first.lines[0].get_ydata(), expected, rtol=1e-5)


def test_vectors_are_not_contracted(vector_explanation: Explanation) -> None:
    first = panels(explanation_figure(vector_explanation, top=1))[0]
    offsets = first.collections[-1].get_offsets()
    expected = vector_explanation.heatmaps([0], dim=None)[0]
    np.testing.assert_allclose(offsets[:, 1], expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (2, 2, 2, 3), (1,)])
def test_inputs_of_other_shapes_are_drawn(shape: tuple[int, ...]) -> None:
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.ReLU(), nn.Linear(6, 2))
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3))
    model(x)
    explanation = specxai.explain(model.eval(), x, layer="2")
    first = panels(explanation_figure(explanation, top=2))[0]
    low, high = first.get_xlim()
    assert low < 0 < x.numel() - 1 < high or x.numel() == 1


def test_all_outputs_together_have_lengths(all_outputs: Explanation) -> None:
    shown = words(explanation_figure(all_outputs))
    assert "α = c" in shown
    assert "‖y‖" in shown


def test_a_residual_branch_shows_the_bypass() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x + self.body(x).relu())

    explanation = specxai.explain(Residual().eval(), torch.ones(1, 4), layer="body")
    assert "bypass" in words(explanation_figure(explanation))


def test_an_input_of_zeros() -> None:
    explanation = specxai.explain(nn.Conv2d(1, 1, 3).eval(), torch.zeros(1, 1, 5, 5))
    shown = words(explanation_figure(explanation, top=2))
    assert "0 everywhere" in shown
    assert "all contributions are 0" in shown


def test_shared_singular_values_have_a_star() -> None:
    model = nn.Linear(3, 3)
    with torch.no_grad():
        model.weight.copy_(torch.eye(3))
    shown = words(explanation_figure(specxai.explain(model.eval(), torch.ones(1, 3))))
    assert "k = 0*" in shown
    assert "* Shares its σ" in shown


def test_vectors_are_computed_once(
    vector_explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[int]] = []
    original = Explanation.heatmaps

    def counted(self, indices, contract="product", dim=1):
        calls.append(list(indices))
        return original(self, indices, contract, dim)

    monkeypatch.setattr(Explanation, "heatmaps", counted)
    explanation_figure(vector_explanation, top=5)
    [indices] = calls
    assert len(indices) == len(set(indices))


def test_titles_are_taken_as_they_are(vector_explanation: Explanation) -> None:
    named = vector_explanation.named("net $x^ " + "with a very long name " * 12)
    figure = explanation_figure(named, top=1)
    [title] = [text for text in drawn_texts(figure) if text.get_text().startswith("net")]
    assert "$x^" in title.get_text()
    assert title.get_window_extent().x1 < figure.bbox.x1
    assert "Mine" in words(explanation_figure(named, title="Mine"))


def test_it_says_what_the_colours_of_the_papers_maps_mean(explanation: Explanation) -> None:
    shown = " ".join(words(explanation_figure(explanation)).split())
    assert "Red is where the input agrees with the component's direction φ" in shown
    assert "not what speaks for or against" in shown


def test_leaves_no_figure_behind(vector_explanation: Explanation) -> None:
    import matplotlib.pyplot as plt

    explanation_figure(vector_explanation)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("options", [{"top": 0}, {"percentile": 0.0}])
def test_refuses_what_has_no_meaning(
    image_explanation: Explanation, options: dict[str, float]
) -> None:
    with pytest.raises(SpecxaiError):
        explanation_figure(image_explanation, **options)
