"""A result in a few lines of text."""

import math
from collections.abc import Iterator

from specxai.presentation import counted, in_lines
from specxai.spectral.records.component import components_of
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
    components = list(components_of(result))
    leading = [components[k] for k in result.top(_MOST).tolist()]
    for each in leading:
        yield f"component {each.k}", f"{each.contribution:+.5g}", _percent(each.share)
    if more := len(components) - len(leading):
        share = sum(each.share for each in components) - sum(each.share for each in leading)
        rest = result.contributions.sum() - sum(each.contribution for each in leading)
        several = result.target is None  # lengths, which do not add up
        yield counted(more, "other"), "" if several else f"{float(rest):+.5g}", _percent(share)
    if result.target is not None:
        for name in ("unresolved", "bypass"):
            if value := float(getattr(result, name)):
                yield name, f"{value:+.5g}", _percent(value / (float(result.linear) or math.nan))


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.0%}"
