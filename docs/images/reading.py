"""Draw reading.png: the cat, its baseline, and where two components come from."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

import specxai
from specxai.models import load_input, load_model
from specxai.plots import draw_heatmap, save_figure


def main() -> None:
    """Explain the cat, and draw what docs/reading.md reads."""
    model = load_model("demo:efficientnet-lite0")
    x = load_input("demo:chelsea", model).tensor
    method = specxai.Krylov(n_components=8, by="contribution")
    ex = specxai.explain(model.module, x, "_swish#2", 282, baseline="blur", method=method)
    assert ex.baseline is not None
    chosen = ex.top(2)
    figure = Figure(figsize=(10, 2.9), dpi=100, layout="constrained")
    first, second, *rest = figure.subplots(1, 4)
    draw_picture(first, x, "x: the picture")
    draw_picture(second, ex.baseline, "x₀: the baseline")
    maps = ex.contribution_maps(chosen, blur=12.0)
    for axes, k, values in zip(rest, chosen.tolist(), maps, strict=True):
        draw_heatmap(axes, values, note=False)
        axes.set_title(f"component {k}, α = {float(ex.contributions[k]):+.3f}")
    save_figure(figure, Path(__file__).with_suffix(".png"))


def draw_picture(axes: Axes, x: Tensor, title: str) -> None:
    """Draw what the network sees, from its values around 0 back to colours."""
    axes.imshow(((x[0] * 128 + 127) / 255).clamp(0, 1).permute(1, 2, 0).numpy())
    axes.set(xticks=[], yticks=[], title=title)
    axes.set_anchor("N")


if __name__ == "__main__":
    main()
