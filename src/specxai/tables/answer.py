"""The answer to "why this output?": what it rests on, what counts against it, and how sure that is.

The order is that in which a person asks: what does the network say, on what does that rest, what
speaks against it, what is not resolved, how far may one trust it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10

from specxai.presentation import counted
from specxai.spectral import Decomposition, Removal, Trust
from specxai.spectral.records.contraction import default_blur
from specxai.spectral.records.grouping import sum_groups
from specxai.spectral.records.place import place_of
from specxai.table import Cell, Table, cells
from specxai.tables.explanation import ExplanationSummary, explanation_tables

# What is more than rounding, as a share of y; what of the change may be in no component without a
# word; from where on a change of the map is no longer told in per cent.
_ROUNDING, _MUCH, _WHOLE = 1e-3, 0.25, 10.0
# The largest share of y that the map at x alone may hold and be told in per cent; y₀ beside y, and
# the spread of sizes among inputs, that are told.
_BEYOND, _FOREIGN, _UNLIKE = 2.0, 100.0, 1e4
# How far the network may be from a prediction without a word; how near it is where all is linear.
_FAR, _LINEAR = 0.5, 1e-4
# Affine maps that need no word beside their baseline.
_PLAIN = ("canonical", "from a baseline")
# Inputs named for each component.
_NAMED = 2
# Letters of the longest bar.
_BAR = 20


@dataclass(frozen=True)
class Part:
    """One component of an answer.

    Attributes:
        k: its number.
        contribution: α.
        share: of u·(x − x₀); against the output where it is negative.
        place: where it acts, in words: in the picture, or by which named inputs; empty for others.
    """

    k: int
    contribution: float
    share: float
    place: str


@dataclass(frozen=True)
class Answer:
    """Why a network gives an output, as short as it can be told.

    Attributes:
        says: what the network says.
        start: y₀, or what the biases add where there is no baseline.
        change: u·(x − x₀), which is explained.
        parts: the leading components, of largest |α| first.
        others: Σα of those not listed.
        unresolved: what directions add that were not resolved.
        bypass: what goes around the layer.
        trust: what was measured; None where the network is not at hand.
    """

    says: str
    start: float
    change: float
    parts: tuple[Part, ...]
    others: float
    unresolved: float
    bypass: float
    trust: Trust | None


def tell(
    explanation: Decomposition,
    summary: ExplanationSummary,
    details: bool = False,
    trust: Trust | None = None,
) -> tuple[list[Table], dict[str, object]]:
    """Lay out a result as an answer; as terms and components in detail, and for all outputs.

    Args:
        explanation: the result.
        summary: its numbers.
        details: do without the answer.
        trust: what was measured of it.

    Returns:
        The tables, and what they say beyond the summary, by name.
    """
    if details or explanation.target is None:
        return [*explanation_tables(summary)], {}
    answer = answer_of(explanation, trust)
    return [*answer_tables(answer, explanation)], {"answer": answer}


def answer_of(explanation: Decomposition, trust: Trust | None = None) -> Answer:
    """Collect the answer of an explanation.

    Args:
        explanation: of one output.
        trust: what was measured of it.
    """
    change, alphas = float(explanation.linear), explanation.contributions
    listed = explanation.leading().tolist()
    places = _places(explanation, listed)
    parts = tuple(
        Part(k, float(alphas[k]), float(alphas[k]) / (change or 1.0), place)
        for k, place in zip(listed, places, strict=True)
    )
    return Answer(
        says=_says(explanation),
        start=float(explanation.bias),
        change=change,
        parts=parts,
        others=float(alphas.sum()) - sum(part.contribution for part in parts),
        unresolved=float(explanation.unresolved),
        bypass=float(explanation.bypass),
        trust=trust,
    )


def answer_tables(answer: Answer, explanation: Decomposition) -> Iterator[Table]:
    """Lay out an answer in the order in which a person asks.

    Args:
        answer: of the explanation.
        explanation: what it is of.
    """
    step, start = ("x", "b") if explanation.baseline is None else ("(x − x₀)", "y₀")
    rising = answer.change >= 0
    supports = [part for part in answer.parts if (part.contribution >= 0) == rising]
    opposes = [part for part in answer.parts if (part.contribution >= 0) != rising]
    change = f"u·{step} = {answer.change:+.4g}"
    where = "where" if explanation.x.ndim == 4 else "most by"
    yield Table(
        ("", "value"),
        tuple(_sum_rows(answer, explanation, start)),
        f"{explanation.model}: {answer.says}",
        tuple(_circumstances(explanation)),
        totals=1,
    )
    titles = "It rests on", "What counts against it"
    if not rising:
        titles = f"What brings it down from {start}", "What counts the other way"
    suffix = f", as shares of {change}:"
    for title, parts in zip(titles, (supports, opposes), strict=True):
        if parts:
            yield _parts_table(title + suffix, parts, where)
            suffix = ":"
    lines = [*_missing(answer, explanation)]
    if answer.trust is not None:
        lines += trust_lines(answer.trust, explanation.baseline is not None)
    lines += _doubts(answer, explanation)
    if lines:
        yield Table((), (), "How far to trust it:", tuple(lines))


def trust_lines(trust: Trust, from_baseline: bool) -> tuple[str, ...]:
    """Say in sentences how far an explanation may be trusted, each from a number.

    Args:
        trust: what was measured.
        from_baseline: whether it is of a map from a baseline.
    """
    lines = [_adds_up(trust), _cancels(trust), _is_stable(trust)]
    if trust.removal is not None:
        lines += _removed(trust.removal)
    if from_baseline:
        lines.append(_pointwise(trust.pointwise))
    return tuple(lines)


def _pointwise(share: float) -> str:
    if not abs(share) <= _BEYOND:
        return (
            "Without a baseline, the map at x alone is no answer: its linear part is "
            f"{share:.2g} × y, and biases make up for it."
        )
    return (
        f"Without a baseline, the map at x alone says {share:.0%} of y; the rest is in its biases."
    )


def _says(explanation: Decomposition) -> str:
    name = explanation.target_name or f"output {explanation.target}"
    sure = explanation.probability
    told = "" if sure is None else f", probability {sure:.3f}"
    return f"{name}{told}, y = {float(explanation.output):.5g}"


def _circumstances(explanation: Decomposition) -> Iterator[str]:
    """Say where and how the output was explained, and what a reader should know of it."""
    name = explanation.baseline_name
    way = "the map at x alone" if name is None else f"the map from the baseline x₀ ({name})"
    cut = "" if explanation.cut else ", which is no cut"
    yield f"explained at {explanation.layer_name}{cut}, by {way}; in {explanation.precision}"
    if explanation.exactness not in _PLAIN:
        yield f"affine map: {explanation.exactness}"
    if explanation.note:
        yield f"{explanation.method}: {explanation.note}"
    if name == "zero" and explanation.x.ndim == 2 and explanation.features.names:
        yield "x₀ is zero in every input: a mean or a reference case as --baseline may say more"


def _sum_rows(answer: Answer, explanation: Decomposition, start: str) -> Iterator[tuple[Cell, ...]]:
    digits = _decimals(abs(float(explanation.output)) or abs(answer.start))
    meaning = "what the biases add"
    if explanation.baseline is not None:
        meaning = f"at the baseline ({explanation.baseline_name})"
    yield cells(f"{start}, {meaning}", f"{answer.start:+.{digits}f}")
    shown = sum(part.contribution for part in answer.parts)
    yield cells(f"the {counted(len(answer.parts), 'component')} below", f"{shown:+.{digits}f}")
    if explanation.rank > len(answer.parts):
        count = counted(explanation.rank - len(answer.parts), "more component")
        yield cells(count, f"{answer.others:+.{digits}f}")
    if answer.unresolved:
        yield cells("not resolved into components", f"{answer.unresolved:+.{digits}f}")
    if not explanation.cut:
        yield cells("bypass, around the layer", f"{answer.bypass:+.{digits}f}")
    residual, y = float(explanation.residual), float(explanation.output)
    if abs(residual) > _ROUNDING * abs(y):
        yield cells("lost to rounding", f"{residual:+.{digits}f}")
    yield cells("y, the network's own output", f"{float(explanation.output):+.{digits}f}")


def _decimals(largest: float) -> int:
    """Return how many decimals show five digits of a number."""
    return max(0, 4 - floor(log10(largest))) if largest > 0 else 4


def _parts_table(title: str, parts: Sequence[Part], where: str) -> Table:
    largest = max((abs(part.share) for part in parts), default=1.0)
    rows = tuple(
        cells(
            f"{part.k}",
            f"{part.contribution:+.4g}",
            f"{part.share:.0%}",
            "█" * max(1, round(_BAR * abs(part.share) / largest)),
            part.place,
        )
        for part in parts
    )
    named = any(part.place for part in parts)
    columns = ("component", "adds", "share", "", where if named else "")
    return Table(columns, rows, title, words=(3, 4))


def _places(explanation: Decomposition, indices: Sequence[int]) -> list[str]:
    """Say where components act: in the picture, or by which named inputs most."""
    features = explanation.features
    if not explanation.holds_vectors(indices):
        return [""] * len(indices)
    if indices and explanation.x.ndim == 4:
        maps = explanation.contribution_maps(indices, 1, default_blur(explanation.x))
        return [place_of(each) for each in maps]
    if not indices or not (features.names or features.groups):
        return [""] * len(indices)
    sums = sum_groups(explanation.contribution_maps(indices, None), features)
    told = []
    for number in range(len(indices)):
        values = {name: float(each[number]) for name, each in sums.items()}
        largest = sorted(values, key=lambda name: -abs(values[name]))[:_NAMED]
        rest = sum(values.values()) - sum(values[name] for name in largest)
        others = {"others": rest} if len(values) > len(largest) else {}
        shown = {name: values[name] for name in largest} | others
        told.append(", ".join(f"{name} {value:+.3g}" for name, value in shown.items()))
    return told


def _missing(answer: Answer, explanation: Decomposition) -> Iterator[str]:
    """Say how much is in no component."""
    share = abs(answer.unresolved) / (abs(answer.change) or 1.0)
    if share > _MUCH:
        yield (
            f"{share:.0%} of it is in NO component: the components above are a part of the story, "
            "and what cancels in the rest is not known; --method exact finds all of them, another "
            "layer may need fewer."
        )


def _doubts(answer: Answer, explanation: Decomposition) -> Iterator[str]:
    """Say where baseline and scale seem not to belong to this network."""
    y, x = abs(float(explanation.output)), explanation.x
    if explanation.baseline is not None and abs(answer.start) > _FOREIGN * y > 0:
        yield (
            f"y₀ is {abs(answer.start) / y:.0e} × y: the baseline is far from what this network "
            "answers with sense. Does it expect scaled inputs, and are these raw, or the other way "
            "round?"
        )
    sizes = x.abs()[x != 0]
    if x.ndim == 2 and explanation.scale is None and len(sizes):
        spread = float(sizes.max() / sizes.min())
        if spread > _UNLIKE:
            yield (
                f"Inputs differ in size by {spread:.0e}: measure directions in their deviations, "
                "--scale deviation, in Python scale=."
            )


def _adds_up(trust: Trust) -> str:
    if trust.residual < _ROUNDING:
        return f"It adds up: the parts miss y by {trust.residual:.0e} of it, which is rounding."
    return (
        f"It does NOT add up: {trust.residual:.1%} of y is lost to rounding. Where inputs have "
        "units of unlike size, measure directions in their deviations: --scale deviation, in "
        "Python scale=; else compute in double precision."
    )


def _cancels(trust: Trust) -> str:
    size = f"their sizes add up to {trust.cancellation:.2f} × the change that is explained"
    if trust.cancellation < 1.5:
        return f"Hardly anything cancels: {size}."
    much = "Much cancels" if trust.cancellation > 3 else "Some of it cancels"
    return f"{much}: {size}, so that single parts mean less."


def _is_stable(trust: Trust) -> str:
    much = f"by {trust.change:.0%}" if trust.change < _WHOLE else "beyond recognition"
    told = f"noise of {trust.noise:.0%} of the input's deviation changes the whole map {much}"
    if trust.change < 0.15:
        return f"It is stable: {told}."
    how = "NOT" if trust.change > 0.5 else "hardly"
    return f"It is {how} stable: {told}; an average over noisy copies may be."


def _removed(removal: Removal) -> Iterator[str]:
    k, alpha = removal.component, -removal.predicted
    plain = removal.random >= 0.5 * abs(removal.answered)
    doubt = ", about as much: it is nothing special there" if plain else ""
    off = abs(removal.answered - removal.predicted) / (abs(removal.predicted) or 1.0)
    yield (
        f"Taken out of the real network, component {k} changes y by {removal.answered:+.4g} "
        f"(predicted {-alpha:+.4g}); random directions of its length by ± {removal.random:.2g}"
        f"{doubt}."
    )
    if off < _LINEAR:
        yield "Both agree, as they must where all that follows the layer is linear."
    elif off > _FAR:
        yield (
            "The prediction is far off: what follows the layer bends too much to take parts one by "
            "one. Of a probability, explain the score before the softmax."
        )
    if removal.added is not None:
        yield (
            f"Put in alone at the baseline, it changes y by {removal.added:+.4g} "
            f"(predicted {alpha:+.4g})."
        )
