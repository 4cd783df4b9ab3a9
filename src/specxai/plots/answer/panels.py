"""How the maps of an answer are drawn, by the kind of the input; all on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from specxai.plots.answer.cells import COLUMN
from specxai.plots.answer.evidence import Evidence, Map
from specxai.plots.bars import BAR, draw_bars, shortened, write_values
from specxai.plots.overlay import draw_overlay
from specxai.plots.panels import POSITIONS
from specxai.plots.profile import draw_profile
from specxai.plots.style import SMALL

# So many inputs are drawn one by one; of more, the largest, and the sum of the rest.
_MOST_BARS = 24
_MOST_NAMES = 32
_CHART = 1.5  # inches


@dataclass(frozen=True)
class Panels:
    """Draws maps of one answer.

    Attributes:
        evidence: what there is to draw.
        picture: brightness of the picture, shape (H, W); None where the input is no image.
        names: of the input's values with their values, or of positions; None where they have none.
        bars: positions of the inputs that are drawn one by one.
        limit: the end of the scale of all maps in the input.
        layer_limit: the same of those on the layer's grid.
    """

    evidence: Evidence
    picture: Float[np.ndarray, "H W"] | None
    names: Sequence[str] | None
    bars: list[int]
    limit: float
    layer_limit: float

    @property
    def height(self) -> float:
        """Of a panel, in inches."""
        if self.picture is not None:
            aspect: float = self.picture.shape[0] / self.picture.shape[1]
            return (COLUMN - 0.2) * min(max(aspect, 0.3), 1.5)
        if self.evidence.kind == "features":
            return 0.3 + BAR * (len(self.bars) + 1)
        return _CHART + (0.5 if self.names else 0.0)

    def draw(self, axes: Axes, values: Map) -> None:
        """Draw a map in the input."""
        if self.picture is not None:
            draw_overlay(axes, density(values), self.picture, self.limit, colorbar=False)
        elif self.evidence.kind == "features":
            self._draw_bars(axes, values)
        else:
            self._draw_curve(axes, values.reshape(-1), self.limit)

    def draw_at_layer(self, axes: Axes, values: Map) -> None:
        """Draw a map on the layer's grid."""
        if self.picture is not None:
            draw_overlay(axes, density(values), self.picture, self.layer_limit, colorbar=False)
        else:
            self._draw_curve(axes, values, self.layer_limit)

    def _draw_bars(self, axes: Axes, values: Map) -> None:
        shown = values[self.bars]
        names = [shortened(name, 24) for name in (self.names or [])]
        names = [names[i] if names else f"input {i}" for i in self.bars]
        others = len(values) - len(shown)
        if others:
            shown = np.append(shown, values.sum() - shown.sum())
            names.append(f"{others:,} others")
        draw_bars(axes, shown, names)
        axes.set_xlim(*_ends(shown, self.limit))
        write_values(axes, shown.tolist())

    def _draw_curve(self, axes: Axes, values: Float[np.ndarray, " n"], limit: float) -> None:
        named = self.names is not None and len(self.names) == len(values)
        draw_profile(axes, values, POSITIONS[self.evidence.kind], stems=named)
        axes.set_ylim(*_ends(values, limit))
        if self.names is not None and named and len(values) <= _MOST_NAMES:
            names = [shortened(name, 12) for name in self.names]
            axes.set_xticks(
                range(len(names)), names, rotation=90, fontsize=SMALL - 1, parse_math=False
            )
            axes.set_xlabel("")


def panels_of(
    evidence: Evidence, picture: Float[np.ndarray, "H W"] | None, names: Sequence[str] | None
) -> Panels:
    """Choose the scales that panels share, and the inputs that are drawn one by one.

    Args:
        evidence: what there is to draw.
        picture: brightness of the picture; None where the input is no image.
        names: of the input's values, or of positions.
    """
    scale = density if picture is not None else np.asarray
    limit, layer_limit = (
        max((float(np.abs(scale(each)).max()) for each in maps), default=0.0)
        for maps in (evidence.scaling, evidence.layer_maps.values())
    )
    bars: list[int] = []
    if evidence.kind == "features" and evidence.scaling:
        sizes = np.abs(np.stack(evidence.scaling)).max(0)
        bars = sorted(np.argsort(-sizes, kind="stable")[:_MOST_BARS].tolist())
    return Panels(evidence, picture, names, bars, limit, layer_limit)


def _ends(values: Map, limit: float) -> tuple[float, float]:
    """Return the ends of a chart's scale: the common one, unless values lie beyond."""
    end = 1.05 * max(limit, float(np.abs(values).max())) or 1.0
    return -end, end


def density(values: Map) -> Map:
    """Return a map in units of the output per 1 % of its area, the same on every grid."""
    return values * values.size / 100
