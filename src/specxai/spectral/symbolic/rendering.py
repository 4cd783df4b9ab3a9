"""A symbolic expression as Markdown to read."""

from collections.abc import Iterator

from specxai.affine import Certificate
from specxai.spectral.symbolic.expression import AffineExpression
from specxai.spectral.symbolic.json_form import inputs
from specxai.table import Cell, Table, cells


def markdown(expression: AffineExpression) -> str:
    """Return tables of the terms and the named inputs of an expression, and where it holds.

    Args:
        expression: the symbolic form of an output.

    Returns:
        Markdown that ends with a new line.
    """
    parts = [_heading(expression), _terms(expression), _inputs(expression), _validity(expression)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _heading(expression: AffineExpression) -> str:
    layer = expression.about.layer
    address = " + ".join(layer) if isinstance(layer, tuple) else layer
    where = "the whole network" if address is None else f"layer `{address}`"
    target = expression.about.target
    output = "output" if target == () else f"output {target}"
    kind = "reduced contributions (21)" if expression.reduced else "contributions (20)"
    return f"**y = {output} of {expression.about.model}**, at {where}, {kind}"


def _terms(expression: AffineExpression) -> str:
    weight = "w = ψ α̂/α" if expression.reduced else "ψ"
    value = "α̂ = w c" if expression.reduced else "α = ψ c"
    names = [
        f"component {k}{'' if unique else '*'}"
        for k, unique in zip(expression.indices.tolist(), expression.unique.tolist(), strict=True)
    ]
    numbers = expression.singular_values, expression.coefficients, expression.weights
    columns = (values.tolist() for values in (*numbers, expression.contributions))
    rows = [
        cells(name, f"{sigma:.5g}", f"{c:.5g}", f"{w:+.5g}", f"{a:+.5g}")
        for name, sigma, c, w, a in zip(names, *columns, strict=True)
    ]
    constants = expression.constants.items()
    rows += [cells(name, "", "", "", f"{size:+.5g}") for name, size in constants]
    rows += [_total("y", "", "", "", f"{float(expression.output):+.5g}")]
    star = "* Shares its σ with others: only the sum over them is defined."
    notes = () if expression.unique.all() else (star,)
    step = "x" if expression.baseline is None else "(x − x₀)"
    heading = "term", "σ", f"c = σ φ·{step}", weight, value
    return Table(heading, tuple(rows), notes=notes, totals=1).markdown()


def _inputs(expression: AffineExpression) -> str:
    """List the named inputs with their slopes, all terms together and the shown ones alone."""
    rows = tuple(_input_rows(expression))
    if not rows:
        return (
            f"The input has {expression.x.numel():,} values, none of them named; "
            f"{expression.positions().numel():,} positions add up to y."
        )
    step = "value" if expression.baseline is None else "(value − baseline)"
    if expression.gradient is not None:
        slope = "coefficient ∂y/∂input", f"coefficient × {step}"
        if expression.baseline is not None:
            slope = "coefficient (y − y₀ per input)", slope[1]
        heading = "input", "value", *slope, "in shown terms", f"in shown terms × {step}"
        return Table(heading, rows, totals=1).markdown()
    shown = "input", "value", "coefficient in shown terms", f"in shown terms × {step}"
    known = tuple((*row[:2], *row[4:]) for row in rows)
    return Table(shown, known, notes=(_PARTIAL,), totals=1).markdown()


_PARTIAL = (
    "The coefficients are those of the shown terms alone. The slope of y, ∂y/∂input, is not known "
    "without the network."
)


def _input_rows(expression: AffineExpression) -> Iterator[tuple[Cell, ...]]:
    """Yield the named inputs, the other ones in one row, and the sums over all of them."""
    named = list(inputs(expression))
    if not named:
        return
    for part in named:
        unit = f" {part['unit']}" if part["unit"] else ""
        per = f" per {part['unit']}" if part["unit"] else ""
        start = f" from {part['baseline']:.5g}" if "baseline" in part else ""
        yield cells(
            part["name"],
            f"{part['value']:.5g}{start}{unit}",
            _signed(part["coefficient"], per),
            _signed(part["contribution"]),
            _signed(part["shown_coefficient"], per),
            _signed(part["shown_contribution"]),
        )
    linear, shown = expression.linear, expression.contributions.sum()
    if left := expression.x.numel() - len(named):
        rest = None
        if linear is not None:
            rest = float(linear) - sum(part["contribution"] for part in named)
        hidden = float(shown) - sum(part["shown_contribution"] for part in named)
        yield cells(f"{left:,} others", "", "", _signed(rest), "", _signed(hidden))
    total = None if linear is None else float(linear)
    yield _total("all inputs", "", "", _signed(total), "", _signed(float(shown)))


def _total(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text, strong=True) for text in texts)


def _signed(number: float | None, per: str = "") -> str:
    """Write a number with its sign, and per what; nothing for None."""
    return "" if number is None else f"{number:+.5g}{per}"


def _validity(expression: AffineExpression) -> str:
    """Say what kind of affine map it is, and how far from x it holds."""
    lines = [
        f"Affine map: {expression.about.exactness}, in {expression.about.precision}; "
        f"residual {float(expression.residual):.1e}."
    ]
    certificate = expression.certificate
    if certificate is None:
        return lines[0] + " The network is not at hand: where the expression holds is not known."
    if expression.baseline is not None:
        return lines[0] + " It holds at x and at the baseline."
    if expression.about.exactness == "canonical":
        lines.append(f"It holds on the linear region of x (‖x‖ = {certificate.norm:.4g}).")
    else:
        lines.append(f"It holds at x alone (‖x‖ = {certificate.norm:.4g}).")
    lines.append(f"Distances to the first border: {_distances(certificate)}.")
    lines += [
        f"Tie: {tie.count:,} of {tie.total:,} borders of `{tie.address}` pass through x."
        for tie in certificate.ties
    ]
    return "\n".join(lines)


def _distances(certificate: Certificate) -> str:
    """List the distances along ±x and ±u, and the smallest along a random direction."""
    random = [d for name, d in certificate.distances.items() if name.startswith("random")]
    named = {
        name: d for name, d in certificate.distances.items() if name in ("+x", "-x", "+u", "-u")
    }
    if random:
        named[f"the nearest of {len(random)} random directions"] = min(random)
    return ", ".join(f"{distance:.2g} along {name}" for name, distance in named.items())
