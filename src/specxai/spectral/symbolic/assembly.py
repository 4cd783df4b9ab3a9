"""From a decomposition to a symbolic expression (paper, equations 24–26)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.affine import Linearization, select_target
from specxai.affine.products.numerics import full_precision
from specxai.errors import InvalidInputError, TargetError
from specxai.spectral.records.contraction import check_dim
from specxai.spectral.records.decomposition import Decomposition, Ranking
from specxai.spectral.records.features import Features, Names, Units, name_features, read_units
from specxai.spectral.symbolic.algebra import latex, to_sympy
from specxai.spectral.symbolic.expression import AffineExpression
from specxai.spectral.symbolic.json_form import as_dict
from specxai.spectral.symbolic.rendering import markdown

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, eq=False)
class SymbolicExpression(AffineExpression):
    """One output as a formula of its input, and the ways to write it; see `AffineExpression`."""

    def markdown(self) -> str:
        """Return tables of the terms and of the named inputs, and where they hold.

        The coefficient of an input is the slope ∂y/∂input of all terms, shown or not; what the
        shown terms hold of it stands beside it. Without the network only that is known.
        """
        return markdown(self)

    def latex(self) -> str:
        """Return the equation in LaTeX, in the named inputs, or in the c_k where none is named.

        The coefficient of a named input is the slope ∂y/∂input, as in `evaluate` and `sympy`;
        without the network the shown terms stand under a brace that says so.
        """
        return latex(self)

    def sympy(self) -> "sympy.Expr":
        """Return the equation as a SymPy expression, one addend for each shown term.

        Its symbols are the named inputs, the others held at their values, and at these it is what
        `evaluate` returns; where no input is named, its symbols are the c_k and the rest is held
        at its value.

        Raises:
            MissingExtraError: SymPy is not installed.
        """
        return to_sympy(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the expression as plain numbers and text, fit for JSON."""
        return as_dict(self)


@full_precision()
def symbolic(
    explanation: Decomposition,
    linearization: Linearization | None,
    n: int | None = 5,
    by: Ranking = "contribution",
    reduced: bool = False,
    dim: int | None = 1,
    feature_names: Names | None = None,
    units: Units | None = None,
) -> SymbolicExpression:
    """Write an explained output as a sum of few terms that are linear in the input (25).

    Args:
        explanation: the decomposition of one output.
        linearization: the network it comes from; None where it is not at hand, then the
            expression has no region, and holds what it does not show constant.
        n: how many terms to show; None for all.
        by: ranking of the terms; the reduced form always ranks by share.
        reduced: let contributions of opposite sign cancel (21).
        dim: dimension of x that positions sum over, such as an image's channels; None for none.
            A table, shape (1, F), keeps its only dimension.
        feature_names: names of the input values; see `name_features`. None takes those that the
            explanation has.
        units: their units, likewise.

    Returns:
        The expression.

    Raises:
        TargetError: the explanation is of all outputs together.
        InvalidInputError: n, by, dim, names or units are not valid.

    >>> from specxai import explain
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> ex = explain(net.eval(), torch.ones(1, 2), "0", 0)
    >>> formula = ex.symbolic(1, feature_names=["a", "b"])
    >>> bool(torch.isclose(formula.positions().sum(), formula.output))
    True
    """
    if explanation.target is None:
        raise TargetError("a symbolic expression is of one output: explain it with a target")
    x = explanation.x
    if n is not None and n < 0:
        raise InvalidInputError(f"n={n}: show 0 terms or more, or None for all")
    check_dim(x, dim)
    features = _features(explanation, feature_names, units)
    values, left = _contributions(explanation, reduced)
    order = explanation.top(explanation.rank, by="reduced" if reduced else by)
    shown = order[:n].to(values.device)
    alone = explanation.clusters.bincount()[explanation.clusters] == 1
    weights = explanation.psi[shown]
    if reduced:
        weights = weights * (values / explanation.contributions)[shown]
    hidden = torch.ones_like(alone)
    hidden[shown] = False
    return SymbolicExpression(
        about=explanation.about,
        terms=explanation.terms,
        x=x,
        baseline=explanation.baseline,
        indices=shown,
        contributions=values[shown],
        coefficients=explanation.coefficients[shown],
        singular_values=explanation.singular_values[shown],
        weights=weights,
        vectors=explanation.right_vectors(shown).double(),
        unique=alone[shown],
        reduced=reduced,
        dropped=left - len(shown),
        remainder=values[hidden].sum(),
        gradient=None if linearization is None else _gradient(linearization, explanation.target),
        dim=dim if x.ndim > 2 else None,
        features=features,
        region=None if linearization is None else linearization.region,
    )


def _features(explanation: Decomposition, names: Names | None, units: Units | None) -> Features:
    """Return the named values: as they are given, else as the explanation has them."""
    known = explanation.features
    if names is not None or not known.names or known.dim is not None:
        return name_features(explanation.x.shape[1:], names, units)
    return known if units is None else replace(known, units=read_units(known.names, units))


def _contributions(explanation: Decomposition, reduced: bool) -> tuple[Float[Tensor, " r"], int]:
    """Return α, or α̂ with zeros where it cancelled, and how many terms there are."""
    if not reduced:
        return explanation.contributions, explanation.rank
    reduction = explanation.reduce()
    values = torch.zeros_like(explanation.contributions)
    values[reduction.indices.to(values.device)] = reduction.values.to(values)
    return values, len(reduction.indices)


def _gradient(lin: Linearization, target: int | tuple[int, ...]) -> Float[Tensor, "1 ..."]:
    """Return u_j (8)."""
    return lin.vjp(select_target(lin.output, target)).double()
