"""A symbolic expression in SymPy and in LaTeX."""

import re
from typing import TYPE_CHECKING, Any

from jaxtyping import Float
from torch import Tensor

from specxai.errors import MissingExtraError
from specxai.spectral.symbolic.expression import AffineExpression
from specxai.spectral.symbolic.json_form import inputs

if TYPE_CHECKING:
    import sympy


def to_sympy(expression: AffineExpression) -> "sympy.Expr":
    """Return an expression for SymPy, ungathered: one addend for each shown term.

    Args:
        expression: the symbolic form of an output.

    Returns:
        It, in symbols with the names of the inputs, or c_k where no input is named.

    Raises:
        MissingExtraError: SymPy is not installed.
    """
    try:
        import sympy
    except ImportError as fault:
        raise MissingExtraError("an expression for SymPy", "symbolic") from fault

    bias = sympy.Float(float(expression.bias))
    held = sympy.Float(float(expression.rest))
    if not expression.features.names:
        symbols = [sympy.Symbol(f"c_{k}") for k in expression.indices.tolist()]
        weights = map(sympy.Float, expression.weights.tolist())
        terms = [weight * symbol for weight, symbol in zip(weights, symbols, strict=True)]
        return sympy.Add(*terms, held, bias, evaluate=False)
    symbols = [sympy.Symbol(name) for name in expression.features.names]
    named = list(expression.features.positions)
    x = expression.x.double().flatten()
    start = x - expression.displacement.flatten()

    def form(linear: Float[Tensor, "..."]) -> "sympy.Expr":
        """Return a linear map in the named inputs, the others held at their values."""
        weights = linear.flatten()[named]
        parts = [sympy.Float(w) * s for w, s in zip(weights.tolist(), symbols, strict=True)]
        if len(named) < len(x) or start.any():
            held = linear.flatten() @ (x - start) - weights @ x[named]
            parts.append(sympy.Float(float(held)))
        return sympy.Add(*parts)

    scales = (expression.weights * expression.singular_values).tolist()
    terms = [
        sympy.Mul(sympy.Float(scale), form(vector), evaluate=False)
        for scale, vector in zip(scales, expression.vectors, strict=True)
    ]
    rest = held if expression.rest_map is None else form(expression.rest_map)
    return sympy.Add(*terms, rest, bias, evaluate=False)


def latex(expression: AffineExpression) -> str:
    """Return an expression in LaTeX.

    The coefficient of a named input is the slope u_p of all terms (8), so that nothing of them is
    left beside it. Where that is not known, or no input is named, what is not shown stands there
    with its size at x.

    Args:
        expression: the symbolic form of an output.

    Returns:
        One equation for a display, without its dollars.
    """
    constants = [_braced(value, name) for name, value in expression.constants.items()]
    if not expression.features.names:
        pairs = zip(expression.weights.tolist(), expression.indices.tolist(), strict=True)
        parts = [_product(weight, f"c_{{{k}}}") for weight, k in pairs]
        step = "x" if expression.baseline is None else "(x - x_0)"
        ending = rf"\qquad c_k = \sigma_k\,\phi_k \cdot {step}"
        return f"y = {_sum([*parts, *constants])}, {ending}"
    if expression.linear is None:
        shown = _in_inputs(expression, "shown_", float(expression.contributions.sum()))
        return f"y = {_sum([_under(shown, 'the terms shown alone'), *constants])}"
    slopes = _in_inputs(expression, "", float(expression.linear))
    return f"y = {_sum([slopes, _braced(float(expression.bias), expression.bias_name)])}"


def _in_inputs(expression: AffineExpression, kind: str, total: float) -> str:
    """Write a linear map in the named inputs, the others with what is left of its value at x."""
    named = list(inputs(expression))
    parts = [_product(part[f"{kind}coefficient"], _symbol(part)) for part in named]
    if len(named) < expression.x.numel():
        rest = total - sum(part[f"{kind}contribution"] for part in named)
        parts.append(_braced(rest, "other inputs"))
    return _sum(parts)


def _symbol(part: dict[str, Any]) -> str:
    r"""Write a named input, or what it is beyond its baseline: ``(\mathrm{a} - 2)``."""
    name = rf"\mathrm{{{_escaped(part['name'])}}}"
    if "baseline" not in part:
        return name
    start = _number(abs(part["baseline"]))
    return rf"({name} {'-' if part['baseline'] >= 0 else '+'} {start})"


def _sum(parts: list[str]) -> str:
    return " + ".join(parts).replace("+ -", "- ").strip()


def _product(value: float, symbol: str) -> str:
    return rf"{_number(value)}\,{symbol}"


def _braced(value: float, name: str) -> str:
    return _under(_number(value), name)


def _under(text: str, name: str) -> str:
    return rf"\underbrace{{{text}}}_{{\text{{{_escaped(name).replace('y₀', '$y_0$')}}}}}"


def _number(value: float) -> str:
    r"""Write a number with 5 digits, and a power of ten as one.

    >>> _number(-0.5), _number(1.25e-7)
    ('-0.5', '1.25 \\cdot 10^{-7}')
    """
    mantissa, _, power = f"{value:.5g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa


def _escaped(name: str) -> str:
    r"""Take their meaning from LaTeX's special characters.

    >>> _escaped("50%_a")
    '50\\%\\_a'
    """
    name = name.replace("\\", "\0")
    name = re.sub(r"([#$%&_{}])", r"\\\1", name)
    for character, word in (
        ("\0", "textbackslash"),
        ("~", "textasciitilde"),
        ("^", "textasciicircum"),
    ):
        name = name.replace(character, rf"\{word}{{}}")
    return name
