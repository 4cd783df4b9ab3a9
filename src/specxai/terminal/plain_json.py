"""Numbers for JSON, which knows no NaN."""

import math
from typing import Any


def without_nan(value: Any) -> Any:
    """Return nested dicts, lists and numbers with None for every NaN; tuples become lists.

    >>> without_nan({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
