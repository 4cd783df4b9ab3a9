"""The figure of a comparison: every map on its own symmetric scale, every refusal in words."""

import numpy as np
import pytest
import torch
from PIL import Image

from drawn import check_words, drawn_texts
from specxai.compare import Attribution, Comparison
from specxai.plots import comparison_figure

REASON = (
    "Captum's LRP has rules for modules, and layer1.0 calls add as a function: relevance would "
    "not be conserved there"
)


def build(count: int, height: int = 12, width: int = 12) -> Comparison:
    maps = torch.randn(count, height, width, generator=torch.Generator().manual_seed(0)).double()
    shown = [
        Attribution(f"specxai features.denseblock4.{k}", each * 10**k, "", "", 0.0, 512, 510, 12.3)
        for k, each in enumerate(maps)
    ]
    refused = Attribution("LRP", None, REASON, "y", 1.0, 0, 0, 0.0)
    return Comparison(1, 9.36, -0.669, 10.1, (*shown, refused))


def test_every_map_has_its_own_symmetric_scale() -> None:
    found = build(3)
    figure = comparison_figure(found, Image.new("RGB", (12, 12)), "A title")
    images = [axes.images[0] for axes in figure.axes if axes.images][1:]
    for image, attribution in zip(images, found.attributions, strict=False):
        low, high = image.get_clim()
        limit = np.percentile(attribution.map.abs().numpy(), 99.5)
        assert -low == high == pytest.approx(limit)
    words = " ".join(text.get_text() for text in drawn_texts(figure))
    assert "± percentile 99.5 of |values|, for each map its own" in words
    assert REASON in words.replace("\n", " ")
    assert "12 s, 512 + 510 passes" in words


@pytest.mark.parametrize(("count", "height", "width"), [(1, 12, 12), (7, 9, 20), (11, 20, 12)])
def test_words_can_be_read(count: int, height: int, width: int) -> None:
    title = "torchvision:densenet121 on a photo with a long name.png: output 282 'tiger cat'"
    check_words(comparison_figure(build(count, height, width), None, title, np.ones((9, 9))))
