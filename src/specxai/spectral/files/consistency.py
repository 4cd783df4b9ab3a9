"""Whether the numbers of a stored result can be those of one decomposition (paper, 8–20)."""

from jaxtyping import Float
from torch import Tensor

from specxai.errors import LoadError
from specxai.spectral.files.stored import StoredDecomposition
from specxai.spectral.records.features import fits

# Float64 sums in another order differ by less than this, relative to their largest parts.
_ROUNDING = 1e-9
# From a baseline b is not what u·x leaves over, but the network's own y₀, in its digits.
_OF_A_RUN = 1e-2


def check_numbers(result: StoredDecomposition, contributions: Float[Tensor, " r"]) -> None:
    """Check that counts are possible and that the equations hold between the numbers.

    Args:
        result: the result, its shapes and dtypes right and its values finite.
        contributions: α as the file has it.

    Raises:
        LoadError: one does not hold.
    """
    sigma, c, rank = result.singular_values, result.coefficients, result.rank
    position = (result.target,) if isinstance(result.target, int) else result.target or ()
    labels = result.clusters
    whole = result.target is None
    _demand(
        {
            "the names of the input's values": fits(result.features, result.x.shape),
            "the counts of units, active units and components": (
                0 <= rank <= result.active_count <= result.unit_count and result.unit_count > 0
            ),
            "the target and the output's shape": (
                all(index >= 0 for index in position)
                and (result.output.ndim > 0 if whole else result.output.ndim == 0)
                and (result.layer is None or not whole)
            ),
            "σ, which must be positive and descending": bool(
                (sigma > 0).all() and (sigma.diff() <= 0).all()
            ),
            "c and the residual norms, which cannot be negative": bool(
                (c >= 0).all() and (result.residual_norms >= 0).all()
            ),
            "the scale, which must be above 0": result.scale is None
            or bool((result.scale > 0).all()),
            "the clusters": bool(((labels >= 0) & (labels < max(rank, 1))).all()),
            "α and ψ c (20)": _close(contributions, result.contributions),
            "y and u·x + b (9)": _close(
                result.output,
                result.linear + result.bias,
                result.bias,
                tolerance=_ROUNDING if result.baseline is None else _OF_A_RUN,
            ),
            "the terms of y (20)": _whole_adds_up(result) if whole else _adds_up(result),
        }
    )


def check_vectors(result: StoredDecomposition) -> None:
    """Check the vectors that were kept: which they are, that they are unit vectors, and c = σ φ·x.

    Raises:
        LoadError: one of these does not hold.
    """
    kept, right = result.kept, _rows(result.right)
    _demand(
        {
            "which components' vectors were kept": bool(
                ((kept >= 0) & (kept < result.rank)).all() and len(kept.unique()) == len(kept)
            ),
            "the dtype of the vectors": result.record.vectors_dtype
            == (str(result.right.dtype).removeprefix("torch.") if len(kept) else "none"),
        }
    )
    sizes = [right] if result.left is None else [right, _rows(result.left)]
    # The vectors of close σ are only known to the digits of the network.
    step = result.displacement.double()
    step = (step if result.scale is None else step / result.scale).flatten()
    scale = float(result.singular_values.norm() * step.norm())
    off = result.singular_values[kept] * (right @ step)
    off = (off - result.coefficients[kept]).abs()
    _demand(
        {
            "the lengths of the vectors": all(
                bool(((vectors.norm(dim=1) - 1).abs() <= 1e-2).all()) for vectors in sizes
            ),
            "the left vectors' size": result.left is None
            or result.left.shape[1:].numel() == result.unit_count,
            "c and σ φ·x (18)": bool((off <= (1e-2 + result.residual_norms[kept]) * scale).all()),
        }
    )


def _rows(vectors: Float[Tensor, "v ..."]) -> Float[Tensor, "v n"]:
    return vectors.double().reshape(len(vectors), vectors.shape[1:].numel())


def _demand(statements: dict[str, bool]) -> None:
    for what, holds in statements.items():
        if not holds:
            raise LoadError(f"its numbers contradict each other in {what}; write it again")


def _close(a: Tensor, b: Tensor, *parts: Tensor, tolerance: float = _ROUNDING) -> bool:
    """Tell whether values are equal to rounding, by the size of the parts they were made of."""
    scale = sum(float(part.norm()) for part in (a, b, *parts))
    return float((a - b).norm()) <= tolerance * scale


def _adds_up(result: StoredDecomposition) -> bool:
    """y_j = Σα + unresolved + bypass + b + residual (20)."""
    alpha, rest = result.contributions, result.unresolved + result.bypass + result.bias
    return _close(
        result.output, alpha.sum() + rest + result.residual, alpha, rest, result.bypass, result.bias
    )


def _whole_adds_up(result: StoredDecomposition) -> bool:
    """‖y − b − unresolved − bypass − residual‖ = ‖c‖: its terms c_k U_k are orthogonal (20)."""
    through = result.linear - result.unresolved - result.bypass - result.residual
    lengths = result.coefficients.norm()
    return _close(through.norm(), lengths, result.linear, result.bias, tolerance=1e-6)
