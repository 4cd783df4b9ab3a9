"""A result as plain numbers and names: a dict for JSON, and a data frame."""

from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any

from specxai.errors import MissingExtraError
from specxai.spectral.records.component import Component, components_of
from specxai.spectral.records.decomposition import Decomposition
from specxai.typed_json import plain

if TYPE_CHECKING:
    import pandas

_NAMED = (
    "model",
    "target",
    "target_name",
    "probability",
    "layer",
    "cut",
    "unit_count",
    "active_count",
    "baseline_name",
    "pointwise_linear",
    "exactness",
    "precision",
    "method",
    "note",
)
_TERMS = ("output", "linear", "bias", "bypass", "unresolved", "residual")


def as_dict(result: Decomposition) -> dict[str, Any]:
    """Return a result as dicts, lists, numbers and text, fit for JSON.

    Args:
        result: the explanation.

    Returns:
        What it is of and how it was computed, the terms of the output, of all outputs together
        their Euclidean norms, names, units and groups of the input, and all components. What is
        not a number is None.
    """
    several = result.target is None
    parts = {name: getattr(result, name) for name in _TERMS}
    return {
        **{name: plain(getattr(result, name)) for name in _NAMED},
        **{name: float(part.norm() if several else part) for name, part in parts.items()},
        "shape": list(result.x.shape),
        "conventional": [str(site.address) for site in result.conventional],
        "ties": plain(result.ties),
        "features": plain(result.features),
        "components": plain(tuple(components_of(result))),
    }


def as_frame(result: Decomposition) -> "pandas.DataFrame":
    """Return the components of a result as a data frame, one row each.

    Args:
        result: the explanation.

    Returns:
        Columns named as the fields of `Component`, but ``k``, which is the index.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    pandas = import_pandas()
    names = [field.name for field in fields(Component)]
    rows = [astuple(component) for component in components_of(result)]
    return pandas.DataFrame.from_records(rows, columns=names, index="k")


def import_pandas() -> Any:
    """Return pandas.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pandas
    except ImportError as fault:
        raise MissingExtraError("a data frame", "pandas") from fault
    return pandas
