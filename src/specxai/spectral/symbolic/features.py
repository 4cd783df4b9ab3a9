"""Names and units for the values of an input."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from specxai.errors import InvalidInputError

Names = Sequence[str] | Mapping[int, str] | Mapping[tuple[int, ...], str]
Units = Sequence[str] | Mapping[str, str]

# Inputs of no more values than this are named x_0, x_1, … where the user names none.
_FEW = 32


@dataclass(frozen=True)
class Features:
    """Input values that have a name.

    Attributes:
        names: their names, all different.
        units: their units; empty texts where there are none.
        positions: their places in the flattened input.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    positions: tuple[int, ...]


def name_features(
    shape: Sequence[int], names: Names | None = None, units: Units | None = None
) -> Features:
    """Name the values of an input.

    Args:
        shape: shape of the input without the batch dimension.
        names: a name for each value in the order of the flattened input; or a mapping to names
            from positions, an int for one dimension and a tuple for more, which may leave values
            out. None names the values of a small input x_0, x_1, …, and none of a large one.
        units: units in the order of the names, or by name.

    Returns:
        The named values.

    Raises:
        InvalidInputError: names or units are too few, too many, repeated or out of range.

    >>> name_features([2], ["length", "mass"], {"mass": "kg"})
    Features(names=('length', 'mass'), units=('', 'kg'), positions=(0, 1))
    """
    count = int(np.prod(shape))
    if names is None:
        positions = list(range(count if count <= _FEW else 0))
        indices = [np.unravel_index(position, shape) for position in positions]
        chosen = ["x_" + ",".join(map(str, map(int, index))) for index in indices]
    elif isinstance(names, Mapping):
        positions = [_flat(index, shape) for index in names]
        chosen = list(names.values())
    else:
        positions, chosen = list(range(count)), list(names)
    if len(chosen) != len(positions):
        raise InvalidInputError(
            f"{len(chosen)} feature names for an input of {count} values: give one each, or a "
            "mapping from positions to names"
        )
    for kind, given in (("feature name", chosen), ("position", positions)):
        twice = next((item for item, times in Counter(given).items() if times > 1), None)
        if twice is not None:
            raise InvalidInputError(f"the {kind} {twice!r} is given twice: name each value once")
    return Features(tuple(chosen), _read_units(chosen, units), tuple(positions))


def _flat(index: int | tuple[int, ...], shape: Sequence[int]) -> int:
    each = index if isinstance(index, tuple) else (index,)
    try:
        return int(np.ravel_multi_index(each, tuple(shape)))
    except (ValueError, TypeError):
        raise InvalidInputError(
            f"{index!r} is no position in an input of shape {tuple(shape)}: give an int for one "
            "dimension, a tuple for more"
        ) from None


def _read_units(names: Sequence[str], units: Units | None) -> tuple[str, ...]:
    if isinstance(units, Mapping):
        unknown = [name for name in units if name not in names]
        if unknown:
            raise InvalidInputError(f"a unit is given for {unknown[0]!r}, which names no input")
        return tuple(units.get(name, "") for name in names)
    if units is not None and len(units) != len(names):
        raise InvalidInputError(f"{len(units)} units for {len(names)} names: give one each")
    return ("",) * len(names) if units is None else tuple(units)
