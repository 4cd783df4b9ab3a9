"""``specxai surgery``."""

from pathlib import Path
from typing import TYPE_CHECKING

from specxai.cli.app import app
from specxai.cli.options import Input, Model, RunOptions
from specxai.cli.output import output_folder
from specxai.cli.solver import ExplainOptions
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai.spectral import CausalCurve, Explanation


@app.command
def surgery(
    model: Model,
    input: Input,
    /,
    *,
    what: ExplainOptions = ExplainOptions(),  # noqa: B008, it is frozen
    keep: str | None = None,
    drop: str | None = None,
    factors: str | None = None,
    points: int = 64,
    seed: int = 0,
    out: Path = Path("surgery"),
    run: RunOptions = RunOptions(),  # noqa: B008, it is frozen
) -> None:
    """Change components and run the real network: a table, and a figure of causal curves.

    The figure shows the output as components are removed one after the other, by contribution, by
    σ and at random: what the affine map predicts, and what the network answers.

    Args:
        keep: components that stay, by number with commas: all others are removed.
        drop: components that are removed.
        factors: what components are multiplied by, such as 0=2,3=-0.5.
        points: at most how many points each causal curve has.
        seed: of the random order.
        out: folder for causal.png.
    """
    from specxai.plots import causal_figure, save_figure
    from specxai.tables.surgery import summarize_surgery, surgery_table

    kept, dropped, scales = _read_indices(keep), _read_indices(drop), _read_scales(factors)
    if (kept, dropped, scales) == (None, None, None):
        scales = {}  # nothing changes: what is wanted is the curves
    with output_folder(out, ["causal.png"], run.overwrite):
        opened, explanation = what.explain(model, input, run.quiet)
        cut = explanation.surgery(kept, dropped, scales)
        curves = _curves(explanation, points, seed)
        summary = summarize_surgery(cut, opened.model, curves)
        save_figure(causal_figure(curves, summary.title), out / "causal.png")
    written = [out / "causal.png"]
    run.tell(summary, [surgery_table(summary)], written, input_note=opened.given.note)


def _curves(explanation: "Explanation", points: int, seed: int) -> "list[CausalCurve]":
    return [
        explanation.causal_curve("contribution", points, seed),
        explanation.causal_curve("singular_value", points, seed),
        explanation.causal_curve("random", points, seed),
    ]


def _read_indices(text: str | None) -> list[int] | None:
    """Read component numbers with commas between; an empty text is none of them."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((part for part in parts if not part.isdecimal()), None)
    if wrong is not None:
        raise InvalidInputError(f"{wrong!r} is no component: give numbers, such as 0,2")
    return [int(part) for part in parts]


def _read_scales(text: str | None) -> dict[int, float] | None:
    """Read factors k=s with commas between."""
    if text is None:
        return None
    try:
        pairs = [part.split("=") for part in text.split(",") if part.strip()]
        return {int(k): float(s) for k, s in pairs}
    except ValueError as fault:
        raise InvalidInputError(f"--factors {text}: give numbers such as 0=2,3=-0.5") from fault
