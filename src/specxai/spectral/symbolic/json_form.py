"""A symbolic expression as plain numbers and text."""

import math
from collections.abc import Iterator
from typing import Any

from specxai.affine import Certificate
from specxai.spectral.symbolic.expression import AffineExpression


def as_dict(expression: AffineExpression) -> dict[str, Any]:
    """Return an expression as dicts, lists, numbers and text, fit for JSON.

    Args:
        expression: the symbolic form of an output.

    Returns:
        Its terms, the named inputs, and the certificate; infinite distances are None.
    """
    layer = expression.about.layer
    return {
        "model": expression.about.model,
        "layer": list(layer) if isinstance(layer, tuple) else layer,
        "target": expression.about.target,
        "shape": list(expression.x.shape),
        "output": float(expression.output),
        "reduced": expression.reduced,
        "terms": list(_terms(expression)),
        "linear": None if expression.linear is None else float(expression.linear),
        "dropped": expression.dropped,
        "remainder": float(expression.remainder),
        "unresolved": float(expression.unresolved),
        "bypass": float(expression.bypass),
        "bias": float(expression.bias),
        "residual": float(expression.residual),
        "inputs": list(inputs(expression)),
        "exactness": expression.about.exactness,
        "precision": expression.about.precision,
        "certificate": _certified(expression.certificate),
    }


def inputs(expression: AffineExpression) -> Iterator[dict[str, Any]]:
    """Yield the named inputs: value, slope ∂y/∂x_p = u_p (8), and what shown terms hold of it.

    Args:
        expression: the symbolic form of an output.

    Yields:
        One dict for each: ``coefficient`` is u_p and ``contribution`` u_p x_p, both None without
        the network; ``shown_coefficient`` is Σ_k w_k σ_k φ_k,p over the shown terms alone, and
        ``shown_contribution`` that times x_p. From a baseline these take x_p − x₀_p.
    """
    features, values = expression.features, expression.x.flatten()
    steps = expression.displacement.flatten()
    shown, gradient = expression.shown_map.flatten(), expression.gradient
    for name, unit, p in zip(features.names, features.units, features.positions, strict=True):
        value, step, part = float(values[p]), float(steps[p]), float(shown[p])
        slope = None if gradient is None else float(gradient.flatten()[p])
        yield {
            "name": name,
            "unit": unit,
            "value": value,
            **({} if expression.baseline is None else {"baseline": value - step}),
            "coefficient": slope,
            "contribution": None if slope is None else slope * step,
            "shown_coefficient": part,
            "shown_contribution": part * step,
        }


def _terms(expression: AffineExpression) -> Iterator[dict[str, Any]]:
    for n, k in enumerate(expression.indices.tolist()):
        yield {
            "component": k,
            "contribution": float(expression.contributions[n]),
            "weight": float(expression.weights[n]),
            "coefficient": float(expression.coefficients[n]),
            "singular_value": float(expression.singular_values[n]),
            "unique": bool(expression.unique[n]),
        }


def _certified(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    distances = certificate.distances.items()
    return {
        "norm": certificate.norm,
        "distances": {name: d if math.isfinite(d) else None for name, d in distances},
        "ties": [tie.to_dict() for tie in certificate.ties],
    }
