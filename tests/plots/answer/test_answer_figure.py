"""The page of an answer: what it shows of each kind of input, what it says, and that all fits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from PIL import Image
from torch import nn

import specxai
from drawn import check_words, drawn_texts
from specxai import Explanation
from specxai.errors import InvalidInputError, TargetError
from specxai.plots import answer_figure
from specxai.plots.answer.evidence import gather
from specxai.plots.answer.panels import density

pytestmark = pytest.mark.slow  # every figure is drawn

KINDS = ["image_from_baseline", "from_baseline", "sequence_from_baseline"]
POINTWISE = ["image_explanation", "vector_explanation", "sequence_explanation"]


@pytest.fixture(params=KINDS + POINTWISE)
def explanation(request: pytest.FixtureRequest) -> Explanation:
    return request.getfixturevalue(request.param)


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in drawn_texts(figure))


def cells(figure: Figure) -> dict[str, list[Axes]]:
    """The panels under each heading."""
    parts = figure.findobj(SubFigure)
    return {part.get_suptitle(): part.axes for part in parts if part.get_suptitle()}


def components(figure: Figure) -> list[list[Axes]]:
    return [axes for heading, axes in cells(figure).items() if heading.startswith("Component ")]


@pytest.mark.parametrize("top", [1, 3, 6])
def test_no_words_overlap_or_leave_the_page(explanation: Explanation, top: int) -> None:
    check_words(answer_figure(explanation, top=top))


def test_no_panel_is_empty_and_no_two_are_the_same(explanation: Explanation) -> None:
    figure = answer_figure(explanation)
    for axes in figure.findobj(Axes):
        assert axes.axison
        assert axes.images or axes.lines or axes.patches or axes.collections
    evidence = gather(explanation, 6)
    maps = [*evidence.maps.values(), *evidence.layer_maps.values()]
    maps += [] if evidence.total is None else [evidence.total]
    for i, one in enumerate(maps):
        for other in maps[:i]:
            assert one.shape != other.shape or np.abs(one - other).max() > 1e-3 * np.abs(one).max()


def test_maps_are_contributions_and_sum_to_alpha(explanation: Explanation) -> None:
    evidence = gather(explanation, 6)
    for maps in (evidence.maps, evidence.layer_maps):
        for k, values in maps.items():
            alpha = float(explanation.contributions[k])
            assert values.sum() == pytest.approx(alpha, rel=1e-4, abs=1e-6)
    if evidence.total is not None:
        assert evidence.total.sum() == pytest.approx(float(explanation.linear), rel=1e-4)
    shown = [float(explanation.contributions[k]) for k in evidence.leading]
    assert [abs(a) for a in shown] == sorted(map(abs, shown), reverse=True)
    enough = abs(sum(shown) - float(explanation.linear)) <= 0.1 * abs(float(explanation.linear))
    following = explanation.contributions.abs().sort(descending=True).values[len(shown) :]
    unseen = bool((following[:1] < 0.05 * abs(shown[0])).all())
    assert enough or unseen or len(shown) == 6


def test_the_title_is_class_and_probability(image_from_baseline: Explanation) -> None:
    probability = image_from_baseline.probability
    assert probability is not None
    shown = words(answer_figure(image_from_baseline))
    assert f"tabby: {probability:.1%}".replace("%", " %") in shown
    assert "net  ·  output" in shown
    assert "Mine $x^" in words(answer_figure(image_from_baseline, title="Mine $x^"))


def test_a_picture_is_grey_under_maps_of_one_scale(image_from_baseline: Explanation) -> None:
    figure = answer_figure(image_from_baseline)
    evidence, shown = gather(image_from_baseline, 6), components(figure)
    assert len(shown) == len(evidence.leading)
    largest = max(np.abs(density(each)).max() for each in evidence.maps.values())
    for k, (there, at_layer) in zip(evidence.leading, shown, strict=True):
        np.testing.assert_allclose(there.images[1].get_array(), density(evidence.maps[k]))
        np.testing.assert_allclose(at_layer.images[1].get_array(), density(evidence.layer_maps[k]))
        assert there.images[0].get_array().shape == (12, 16)
        assert there.images[1].get_clim() == pytest.approx((-largest, largest))
    assert cells(figure)["Everything together"][0].images[1].get_clim()[1] == largest
    said = words(figure)
    assert "Red adds to the output, blue takes away" in said
    assert "Smoothed over 0.67 pixels" in said
    assert "what 1 % of the picture's area adds" in said
    assert "on the layer's grid of 7 × 5" in said


def test_the_picture_is_the_one_seen(image_from_baseline: Explanation) -> None:
    red, large = Image.new("RGB", (16, 12), "red"), Image.new("RGB", (40, 20), "red")

    def first(figure: Figure) -> np.ndarray:
        return np.asarray(cells(figure)["What the network sees"][0].images[0].get_array())

    with_seen = answer_figure(image_from_baseline, large, red)
    assert (first(with_seen) == [1, 0, 0]).all()
    assert "made from 40 × 20" in words(with_seen)
    assert (first(answer_figure(image_from_baseline, red)) == [1, 0, 0]).all()
    assert first(answer_figure(image_from_baseline, large)).shape == (12, 16, 3)
    with pytest.raises(InvalidInputError, match="seen is 40 × 20 and the network's input 16 × 12"):
        answer_figure(image_from_baseline, seen=large)


def test_each_component_has_one_sentence(explanation: Explanation) -> None:
    said = " ".join(words(answer_figure(explanation)).split())
    for k in gather(explanation, 6).leading:
        does = "adds" if explanation.contributions[k] > 0 else "takes away"
        assert f"Component {k} (σ = " in said
        assert f") {does} " in said.split(f"Component {k} (σ = ")[1][:30]


def test_it_says_what_it_starts_from(
    from_baseline: Explanation, vector_explanation: Explanation
) -> None:
    assert "x₀: the baseline (zero)" in words(answer_figure(from_baseline))
    pointwise = words(answer_figure(vector_explanation))
    assert "b (biases)" in pointwise
    assert "x₀" not in pointwise


def test_inputs_of_a_table_are_bars_with_their_names_and_values(from_baseline: Explanation) -> None:
    names = [f"named {i}" for i in range(7)]
    figure = answer_figure(from_baseline, names=names)
    [axes] = components(figure)[0]
    k = gather(from_baseline, 6).leading[0]
    expected = from_baseline.contribution_maps(k, dim=None)[0]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], expected, rtol=1e-5)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [label.split(" = ")[0] for label in labels] == names
    value = float(labels[3].split(" = ")[1].replace("−", "-"))
    assert value == pytest.approx(float(from_baseline.x[0, 3]), rel=1e-2)
    assert "most by named" in words(figure)


def test_of_many_inputs_the_largest_are_shown_and_the_sum_stays() -> None:
    model = nn.Sequential(nn.Linear(90, 6), nn.ReLU(), nn.Linear(6, 2)).eval()
    x = torch.randn(1, 90, generator=torch.Generator().manual_seed(1))
    explanation = specxai.explain(model, x, "1", baseline="zero")
    figure = answer_figure(explanation)
    [axes] = components(figure)[0]
    assert axes.get_yticklabels()[-1].get_text() == "66 others"
    alpha = float(explanation.contributions[explanation.top(1)])
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(alpha, rel=1e-4)
    check_words(figure)


def test_names_of_positions_tell_which_dimension_has_channels() -> None:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(8, 6), nn.Linear(6, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x).relu().mean(1))

    x = torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(1))
    explanation = specxai.explain(Tokens().eval(), x, "body", baseline="zero")
    names = ["The", "cat", "sat", "on", "$it"]
    evidence = gather(explanation, 6, names)
    assert all(values.shape == (5,) for values in evidence.maps.values())
    figure = answer_figure(explanation, names=names)
    [axes] = components(figure)[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    heights = axes.collections[-1].get_offsets()[:, 1]
    np.testing.assert_allclose(heights, evidence.maps[evidence.leading[0]])
    assert "What the network sees" not in cells(figure)
    check_words(figure)


def test_a_stored_result_has_the_maps_that_its_file_keeps(
    image_from_baseline: Explanation, tmp_path: Path
) -> None:
    leading = gather(image_from_baseline, 6).leading
    image_from_baseline.save(tmp_path / "x.safetensors", leading[:2])
    figure = answer_figure(specxai.load(tmp_path / "x.safetensors"))
    assert len(components(figure)) == 2
    assert "Everything together" not in cells(figure)
    assert "The file holds no vectors of component" in words(figure)
    check_words(figure)
    image_from_baseline.save(tmp_path / "none.safetensors", ())
    bare = answer_figure(specxai.load(tmp_path / "none.safetensors"))
    assert list(cells(bare)) == ["What the network sees", "How the output adds up"]
    check_words(bare)


def test_one_component_is_everything() -> None:
    explanation = specxai.explain(nn.Linear(4, 1).eval(), torch.ones(1, 4), target=0)
    figure = answer_figure(explanation)
    assert "Everything together" not in cells(figure)
    assert len(components(figure)) == 1


def test_cancelling_contributions_have_no_shares() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.1]]))
        model[2].weight.copy_(torch.tensor([[10.0, -9.0]]))
    explanation = specxai.explain(model.eval(), torch.ones(1, 2), "1", baseline="zero")
    said = words(answer_figure(explanation))
    assert "Contributions cancel" in said
    assert "%)" not in said


def test_an_input_of_zeros() -> None:
    explanation = specxai.explain(
        nn.Conv2d(1, 1, 3).eval(), torch.zeros(1, 1, 5, 5), target=(0,) * 3
    )
    check_words(answer_figure(explanation))


def test_shared_singular_values_have_a_star() -> None:
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.ReLU(), nn.Linear(3, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(3))
    said = words(answer_figure(specxai.explain(model.eval(), torch.ones(1, 3), "1")))
    assert "* Shares its σ" in said


def test_refusals(from_baseline: Explanation, all_outputs: Explanation) -> None:
    with pytest.raises(TargetError, match="explain it with a target"):
        answer_figure(all_outputs)
    with pytest.raises(InvalidInputError, match="top=0"):
        answer_figure(from_baseline, top=0)
    with pytest.raises(InvalidInputError, match="3 names"):
        answer_figure(from_baseline, names=["a", "b", "c"])


def test_leaves_no_figure_behind(from_baseline: Explanation) -> None:
    import matplotlib.pyplot as plt

    answer_figure(from_baseline)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("channels", [1, 2])
def test_images_of_other_channels(channels: int) -> None:
    model = nn.Sequential(nn.Conv2d(channels, 2, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    x = torch.rand(1, channels, 6, 6)
    model(x)
    figure = answer_figure(specxai.explain(model.eval(), x, "1", baseline="zero"))
    assert cells(figure)["What the network sees"][0].images[0].get_array().shape == (6, 6)
    check_words(figure)


@pytest.mark.parametrize("shape", [(1, 6, 48), (1, 48, 6), (5, 3), (2, 2, 2, 3), (1,)])
def test_words_fit_inputs_of_other_shapes(shape: tuple[int, ...]) -> None:
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.ReLU(), nn.Linear(6, 2))
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3))
    model(x)
    explanation = specxai.explain(model.eval(), x, "2", baseline="zero")
    check_words(answer_figure(explanation.named("a model of a long name " * 6, "class $x^ " * 12)))


def long_picture(height: int, width: int, method: specxai.Krylov | specxai.Exact) -> Explanation:
    body = nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten()
    model = nn.Sequential(*body, nn.Linear(4 * height * width, 2)).eval()
    x = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(3))
    return specxai.explain(model, x, "1", baseline="zero", method=method)


@pytest.mark.parametrize(("height", "width"), [(5, 30), (30, 5), (20, 10)])
def test_words_fit_beside_maps_of_a_long_shape(height: int, width: int) -> None:
    figure = answer_figure(long_picture(height, width, specxai.Exact()))
    assert f"on the layer's grid of {width} × {height}" in words(figure)
    check_words(figure)


def test_where_no_component_converged_the_whole_is_shown() -> None:
    method = specxai.Krylov(2, by="contribution", products=8)
    explanation = long_picture(6, 48, method)
    assert explanation.rank == 0
    figure = answer_figure(explanation)
    assert list(cells(figure)) == [
        "What the network sees", "Everything together", "How the output adds up",
    ]  # fmt: skip
    check_words(figure)


def test_values_of_named_inputs_have_their_units():
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).eval()
    x = torch.tensor([[2.5, 1.0]])
    named = {"feature_names": ["speed", "angle"], "units": ["m/s", ""]}
    ex = specxai.explain(net, x, "1", 0, baseline="zero", **named)
    texts = {text.get_text() for text in drawn_texts(answer_figure(ex))}
    assert {"speed = 2.5 m/s", "angle = 1"} <= texts
