"""A result in a few lines of text."""

from collections.abc import Iterator

from specxai.presentation import in_lines
from specxai.spectral.records.decomposition import Decomposition

# So many components are named.
_MOST = 3


def told(result: Decomposition) -> str:
    """Say in three to eight lines what a result is of, what y is made of, and what leads.

    Args:
        result: the explanation.
    """
    return in_lines(f"{_heading(result)}\n  {_sum(result)}", _rows(result))


def _heading(result: Decomposition) -> str:
    if result.target is None:
        what = "all outputs"
    else:
        what = "output" if result.target == () else f"output {result.target}"
    what += "" if result.target_name is None else f" {result.target_name!r}"
    what += "" if result.probability is None else f", probability {result.probability:.3f}"
    return f"{type(result).__name__} of {result.model}: {what}, at {result.layer_name}"


def _sum(result: Decomposition) -> str:
    """Write y as what is linear in the input, and y₀ or b."""
    parts = result.output, result.linear, result.bias
    linear, rest = "u·x", "b"
    if result.baseline is not None:
        linear, rest = "u·(x − x₀)", f"y₀ ({result.baseline_name})"
    if result.target is None:
        y, ux, b = (f"{float(part.norm()):.5g}" for part in parts)
        return f"‖y‖ = {y}: ‖{linear}‖ = {ux}, ‖{rest}‖ = {b}"
    y, ux, b = (f"{float(part):+.5g}" for part in parts)
    return f"y = {y}: {linear} {ux}, {rest} {b}"


def _rows(result: Decomposition) -> Iterator[tuple[str, str, str]]:
    """Yield the components of largest |α|, the others, and what is beside them, with shares."""
    alphas, total = result.contributions, result.linear
    if result.target is None:
        total = total.norm()
    leading = result.top(_MOST).tolist()
    for k in leading:
        yield _row(f"component {k}", float(alphas[k]), float(total))
    if result.target is None:
        if more := result.rank - len(leading):
            yield f"{more:,} others", "", ""
        return
    if more := result.rank - len(leading):
        rest = float(alphas.sum() - alphas[leading].sum())
        yield _row(f"{more:,} others", rest, float(total))
    for name in ("unresolved", "bypass"):
        if value := float(getattr(result, name)):
            yield _row(name, value, float(total))


def _row(name: str, value: float, total: float) -> tuple[str, str, str]:
    return name, f"{value:+.5g}", f"{value / total:.0%}" if total else ""
