"""The numbers of an explanation, as plain Python for a table or for JSON."""

from collections import Counter
from typing import Any

from jaxtyping import Float
from torch import Tensor

from specxai.affine import Ledger
from specxai.spectral import Decomposition

Summary = dict[str, Any]


def summarize(
    explanation: Decomposition, top: int, outputs: Float[Tensor, "1 ..."] | None = None
) -> Summary:
    """Collect what a person wants to read of an explanation.

    Args:
        explanation: the result.
        top: how many components each ranking contributes to the list.
        outputs: the model's whole output, for the probability of a named class.

    Returns:
        Names, terms of the output (for a vector output their Euclidean norms), spectrum sizes and
        the components that lead by |α|, by reduced share or by σ.
    """
    reduction = explanation.reduce()
    listed = {
        int(k): None  # a dict, to keep the first of equal entries in place
        for by in ("contribution", "reduced", "singular_value")
        for k in explanation.top(top, by=by)
    }
    shares = dict(zip(reduction.indices.tolist(), reduction.shares.tolist(), strict=True))
    alphas = explanation.contributions
    probability = None
    if explanation.target_name is not None and outputs is not None:
        probability = float(outputs[0].softmax(0)[explanation.target])
    rest = float(alphas.sum() - alphas[list(listed)].sum())
    return {
        "model": explanation.model,
        "layer": explanation.layer,
        "place": explanation.layer_name,
        "target": explanation.target,
        "class": explanation.target_name,
        "probability": probability,
        "exactness": explanation.exactness,
        "precision": explanation.precision,
        "conventions": [
            {"operation": operation, "convention": convention, "frozen": frozen, "calls": calls}
            for (operation, convention, frozen), calls in Counter(
                (site.operation, site.convention, site.frozen) for site in explanation.conventional
            ).items()
        ],
        "method": explanation.method,
        "note": explanation.note,
        "terms": {
            name: float(getattr(explanation, name).norm())
            if explanation.target is None
            else float(getattr(explanation, name))
            for name in ("output", "linear", "unresolved", "bypass", "bias", "residual")
        },
        "ties": [tie.to_dict() for tie in explanation.ties],
        "cut": explanation.cut,
        "units": explanation.unit_count,
        "active_units": explanation.active_count,
        "rank": explanation.rank,
        "reduced_rank": len(reduction.indices),
        "components": [
            {
                "k": k,
                "singular_value": float(explanation.singular_values[k]),
                "coefficient": float(explanation.coefficients[k]),
                "psi": float(explanation.psi[k]),
                "contribution": float(alphas[k]),
                "residual": float(explanation.residual_norms[k]),
                "reduced_share": shares.get(k),
                "degenerate": int((explanation.clusters == explanation.clusters[k]).sum()) > 1,
            }
            for k in listed
        ],
        "other_components": explanation.rank - len(listed),
        "other_contribution": rest,
    }


def summarize_ledger(ledger: Ledger) -> Summary:
    """Collect a bias ledger, largest entries first.

    Args:
        ledger: the bias by operation calls.

    Returns:
        The bias, the remainder and the entries; for several outputs their Euclidean norms.
    """
    scalar = ledger.bias.ndim == 0
    return {
        "bias": float(ledger.bias if scalar else ledger.bias.norm()),
        "remainder": float(ledger.remainder if scalar else ledger.remainder.norm()),
        "entries": [
            {
                "site": str(entry.address),
                "contribution": float(entry.contribution) if scalar else entry.size,
            }
            for entry in ledger.largest(len(ledger.entries))
        ],
    }
