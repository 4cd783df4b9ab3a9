"""Expressions in SymPy and LaTeX: the same numbers as `evaluate`."""

import re
import sys
from dataclasses import replace

import pytest
import sympy
import torch
from torch import nn

import specxai
import zoo
from specxai.errors import MissingExtraError


@pytest.fixture(scope="module")
def table():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(0.1), nn.Linear(5, 2)).double().eval()
    return specxai.explain(model, torch.tensor([[0.5, -1.0, 2.0]]).double(), "1", 1)


@pytest.mark.parametrize("n", [0, 1, None])
@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("names", [["a", "b 1", "c_2"], {0: "a", 2: "c_2"}])
def test_sympy_is_what_evaluate_returns(table, n, reduced, names):
    found = table.symbolic(n, reduced=reduced, feature_names=names)
    step = 0.5 * table.region.distance(torch.ones(1, 3).double()) / 3**0.5
    nearby = table.x.clone()
    nearby[0, list(found.features.positions)] += min(step, 1.0)
    values = [float(nearby[0, p]) for p in found.features.positions]
    pairs = zip(map(sympy.Symbol, found.features.names), values, strict=True)
    assert float(found.sympy().subs(list(pairs))) == pytest.approx(
        float(found.evaluate(nearby)), rel=1e-12
    )


def test_sympy_keeps_the_terms_apart(table):
    expression = table.symbolic(2, feature_names=["a", "b", "c"]).sympy()
    assert len(expression.args) == 4  # two terms, the rest, b
    gathered = sympy.expand(expression)
    gradient = table.linearization.vjp(torch.tensor([[0.0, 1.0]]).double())[0]
    for name, value in zip("abc", gradient.tolist(), strict=True):
        assert float(gathered.coeff(sympy.Symbol(name))) == pytest.approx(value, rel=1e-12)


def test_without_names_the_symbols_are_the_excitations():
    net = zoo.build("max pool")
    found = specxai.explain(net.model, net.x, net.layer).symbolic(3)
    expression = found.sympy()
    symbols = [sympy.Symbol(f"c_{k}") for k in found.indices.tolist()]
    assert expression.free_symbols == set(symbols)
    value = expression.subs(list(zip(symbols, found.coefficients.tolist(), strict=True)))
    assert float(value) == pytest.approx(float(found.output), rel=1e-9)
    assert all(str(symbol).replace("_", "_{") + "}" in found.latex() for symbol in symbols)


def read_latex(text, values):
    """Evaluate an equation in LaTeX at values of its symbols."""
    text = re.sub(r"\\underbrace\{(-?[^{}]+(?:\{-?\d+\})?)\}_\{\\text\{[^{}]*\}\}", r"(\1)", text)
    text = text.removeprefix("y = ").replace(r"\cdot 10^", "* 10 **").replace(r"\,", "*")
    for name, value in values.items():
        text = text.replace(rf"\mathrm{{{name}}}", f"({value})")
    return eval(text.replace("{", "(").replace("}", ")"))


@pytest.mark.parametrize("n", [0, 1, None])
@pytest.mark.parametrize("names", [["a", "b", "c"], {0: "a", 2: "c"}])
def test_latex_is_what_evaluate_returns(table, n, names):
    found = table.symbolic(n, feature_names=names)
    nearby = table.x.clone()
    nearby[0, list(found.features.positions)] += 0.1 * min(
        table.region.distance(torch.ones(1, 3).double()), 1.0
    )
    values = [float(nearby[0, p]) for p in found.features.positions]
    value = read_latex(found.latex(), dict(zip(found.features.names, values, strict=True)))
    assert value == pytest.approx(float(found.evaluate(nearby)), rel=1e-3)


def test_latex_shows_every_part(table):
    found = table.symbolic(1, feature_names={0: "50%_a", 1: "b^2"})
    text, partial = found.latex(), replace(found, gradient=None, region=None).latex()
    for each in (text, partial):
        assert r"\mathrm{50\%\_a}" in each
        assert r"\mathrm{b\textasciicircum{}2}" in each
        assert "other inputs" in each
        assert r"\text{b}" in each
        assert each.count("{") == each.count("}")
    for part in ("the terms shown alone", "remainder of", "bypass"):
        assert part in partial
        assert part not in text  # the coefficients are those of all terms


def test_without_sympy_the_extra_is_named(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[symbolic\]"):
        table.symbolic().sympy()
