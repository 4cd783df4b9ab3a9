"""Names and units for the values of an input, or for its positions, and groups of them."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from specxai.errors import InvalidInputError

Names = Sequence[str] | Mapping[int, str] | Mapping[tuple[int, ...], str]
Units = Sequence[str] | Mapping[str, str]
# What a group holds: positions, or names.
Groups = Mapping[str, Sequence[int | str | tuple[int, ...]]]

# Inputs of no more values than this are named x_0, x_1, … where the user names none.
_FEW = 32


@dataclass(frozen=True)
class Features:
    """What the values of an input are called, and which belong together.

    Attributes:
        names: names of values, all different; or of positions along a dimension, such as tokens.
        units: their units; empty texts where there are none.
        positions: their places in the flattened input, or along the dimension.
        groups: places that belong together, by the name of the group; none is in two.
        dim: the dimension of x whose positions are meant, counted with the batch dimension; None
            where single values are.
    """

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dim: int | None = None

    @property
    def unique_names(self) -> tuple[str, ...]:
        """The names, with ``#2`` behind the second of the same, as of tokens that come twice.

        >>> Features(("the", "cat", "the"), ("",) * 3, (0, 1, 2), dim=1).unique_names
        ('the', 'cat', 'the#2')
        """
        counters = {name: count(1) for name in self.names}
        numbered = ((name, next(counters[name])) for name in self.names)
        return tuple(name if n == 1 else f"{name}#{n}" for name, n in numbered)


NAMELESS = Features()


def name_features(
    shape: Sequence[int],
    names: Names | None = None,
    units: Units | None = None,
    groups: Groups | None = None,
    dim: int | None = None,
) -> Features:
    """Name the values of an input, or its positions along one dimension.

    Args:
        shape: shape of the input without the batch dimension.
        names: a name for each value in the order of the flattened input; or a mapping to names
            from positions, an int for one dimension and a tuple for more, which may leave values
            out. None names the values of a small input x_0, x_1, …, and none of a large one.
        units: units in the order of the names, or by name.
        groups: names of groups, each with the positions or the names of what it holds.
        dim: name the positions along this dimension of x, counted with the batch dimension, as
            tokens of a text along 1. Then names may repeat, and names and groups count along it.

    Returns:
        What is named.

    Raises:
        InvalidInputError: names, units or groups are too few, too many, repeated, out of range or
            unknown, or x has no such dimension.

    >>> name_features([2], ["length", "mass"], {"mass": "kg"}).units
    ('', 'kg')
    >>> name_features([3], ["a", "b", "c"], groups={"both": ["a", "c"]}).groups
    {'both': (0, 2)}
    """
    along = _along(shape, dim)
    if names is None:
        positions = list(range(int(np.prod(along)) if dim is None else 0))
        positions = positions if len(positions) <= _FEW else []
        indices = [np.unravel_index(position, along) for position in positions]
        chosen = ["x_" + ",".join(map(str, map(int, index))) for index in indices]
    elif isinstance(names, Mapping):
        positions = [_flat(index, along) for index in names]
        chosen = list(names.values())
    else:
        positions, chosen = list(range(int(np.prod(along)))), list(names)
    if len(chosen) != len(positions):
        raise InvalidInputError(_miscounted(len(chosen), shape, along, dim))
    _once("position", positions)
    if dim is None:
        _once("feature name", chosen)
    features = Features(tuple(chosen), read_units(chosen, units), tuple(positions), dim=dim)
    members = _read_groups(groups or {}, features, along)
    return Features(features.names, features.units, features.positions, members, dim)


def read_features(
    shape: Sequence[int],
    named: tuple[Names | None, Units | None, Groups | None, int | None],
    scale: object,
) -> Features:
    """Name the values of an input where anything is named; see `name_features`.

    Args:
        shape: shape of the input without the batch dimension.
        named: names, units, groups and dimension.
        scale: of the input, which must have been fitted on columns of these names.
    """
    if all(each is None for each in named):
        return NAMELESS
    features = name_features(shape, *named)
    check_columns(features, scale)
    return features


def check_columns(features: Features, scale: object) -> None:
    """Refuse a scaler that was fitted on a table whose columns are not the named inputs.

    Args:
        features: of the input.
        scale: as `specxai.explain` takes it; scikit-learn's scalers know the columns of a table.

    Raises:
        InvalidInputError: its columns have other names, or another order.
    """
    columns = tuple(map(str, getattr(scale, "feature_names_in_", ())))
    if features.dim is None and columns not in ((), features.names):
        raise InvalidInputError(
            f"the scaler was fitted on {', '.join(columns[:4])} …, and the inputs are "
            f"{', '.join(features.names[:4])} …: fit it on these columns in this order"
        )


def fits(features: Features, shape: Sequence[int]) -> bool:
    """Tell whether features can be those of an input.

    Args:
        features: such as a file has them.
        shape: of the input, with the batch dimension.
    """
    if features.dim is not None and not 1 <= features.dim < len(shape):
        return False
    count = math.prod(shape[1:] if features.dim is None else (shape[features.dim],))
    grouped = [place for places in features.groups.values() for place in places]
    named = len(features.names) == len(features.units) == len(features.positions)
    known = features.dim is not None or len({*features.names}) == len(features.names)
    once = all(len({*places}) == len(places) for places in (features.positions, grouped))
    inside = all(0 <= place < count for place in (*features.positions, *grouped))
    return named and known and once and inside


def _along(shape: Sequence[int], dim: int | None) -> tuple[int, ...]:
    """Return the shape whose positions are named: that of the input, or one of its dimensions."""
    if dim is None:
        return tuple(shape)
    if not 1 <= dim <= len(shape):
        raise InvalidInputError(
            f"names_dim={dim} is no dimension of an input of shape {(1, *shape)}: choose from 1 to "
            f"{len(shape)}"
        )
    return (shape[dim - 1],)


def _miscounted(given: int, shape: Sequence[int], along: Sequence[int], dim: int | None) -> str:
    """Say that there are too many names or too few, and where they would fit."""
    total = int(np.prod(along))
    if dim is not None:
        return f"{given} feature names for {total} positions along dimension {dim}: give one each"
    fitting = [k for k, size in enumerate(shape, 1) if size == given and len(shape) > 1]
    other = f", or names_dim={fitting[0]} for names of its positions" if fitting else ""
    if len(shape) > 1 and not fitting:
        counts = (f"{size} along dimension {k}" for k, size in enumerate(shape, 1))
        other = f", or for its positions {' or '.join(counts)}"
    return (
        f"{given} feature names for an input of {total} values: give one each, or a mapping from "
        f"positions to names{other}"
    )


def _once(kind: str, given: Sequence[int] | Sequence[str]) -> None:
    twice = next((item for item, times in Counter(given).items() if times > 1), None)
    if twice is not None:
        raise InvalidInputError(f"the {kind} {twice!r} is given twice: name each value once")


def _flat(index: int | tuple[int, ...], shape: Sequence[int]) -> int:
    each = index if isinstance(index, tuple) else (index,)
    try:
        return int(np.ravel_multi_index(each, tuple(shape)))
    except (ValueError, TypeError):
        raise InvalidInputError(
            f"{index!r} is no position in an input of shape {tuple(shape)}: give an int for one "
            "dimension, a tuple for more"
        ) from None


def read_units(names: Sequence[str], units: Units | None) -> tuple[str, ...]:
    """Return a unit for each name, an empty text where none is given.

    Args:
        names: the names.
        units: in their order, or by name.

    Raises:
        InvalidInputError: units are too few or too many, or of an unknown name.
    """
    if isinstance(units, Mapping):
        unknown = [name for name in units if name not in names]
        if unknown:
            raise InvalidInputError(f"a unit is given for {unknown[0]!r}, which names no input")
        return tuple(units.get(name, "") for name in names)
    if units is not None and len(units) != len(names):
        raise InvalidInputError(f"{len(units)} units for {len(names)} names: give one each")
    return ("",) * len(names) if units is None else tuple(units)


def _read_groups(
    groups: Groups, features: Features, along: Sequence[int]
) -> dict[str, tuple[int, ...]]:
    """Return the places that each group holds, of which none may be in two."""
    places = dict(zip(features.names, features.positions, strict=True))
    repeated = {name for name, times in Counter(features.names).items() if times > 1}
    read: dict[str, tuple[int, ...]] = {}
    owner: dict[int, str] = {}
    for group, members in groups.items():
        read[group] = tuple(_places(group, members, places, repeated, along))
        for place in read[group]:
            if place in owner:
                raise InvalidInputError(
                    f"group {group!r} holds what {owner[place]!r} holds already: put each value "
                    "into one group, once"
                )
            owner[place] = group
    return read


def _places(
    group: str,
    members: Sequence[int | str | tuple[int, ...]],
    places: Mapping[str, int],
    repeated: set[str],
    along: Sequence[int],
) -> Iterable[int]:
    if isinstance(members, str) or not len(members):
        raise InvalidInputError(f"group {group!r} is {members!r}: list names or positions")
    for member in members:
        if not isinstance(member, str):
            yield _flat(member, along)
        elif member in repeated:
            raise InvalidInputError(
                f"group {group!r} names {member!r}, which is there more than once: give positions"
            )
        elif member not in places:
            raise InvalidInputError(
                f"group {group!r} names {member!r}, which names no input: give feature_names too"
            )
        else:
            yield places[member]
