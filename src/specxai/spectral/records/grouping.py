"""Maps over an input summed over groups of its values, or over each of its named values."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.errors import InvalidInputError
from specxai.spectral.records.features import Features

OTHERS = "other inputs"


def sum_groups(maps: Float[Tensor, "n ..."], features: Features) -> dict[str, Float[Tensor, " n"]]:
    """Sum maps over the groups of an input, or over its named values where there are no groups.

    Args:
        maps: n maps of the input, shape (n, *input).
        features: what is named and grouped.

    Returns:
        n sums for each group, and for ``other inputs`` where some values are in none: together
        they are the sums of the maps.

    Raises:
        InvalidInputError: nothing is named and nothing grouped.

    >>> features = Features(groups={"left": (0, 1)})
    >>> {name: s.tolist() for name, s in sum_groups(torch.ones(1, 3), features).items()}
    {'left': [2.0], 'other inputs': [1.0]}
    """
    groups: Mapping[str, tuple[int, ...]] = features.groups or dict(
        zip(features.unique_names, ((place,) for place in features.positions), strict=True)
    )
    if not groups:
        raise InvalidInputError(
            "the input has no names and no groups: give explain feature_names= or groups=, or take "
            "result.with_features(…)"
        )
    values = maps.flatten(1)
    if features.dim is not None:
        values = maps.movedim(features.dim, 1).flatten(2).sum(2)
    owner = _owners(groups, values.shape[1]).to(maps.device)
    sums = maps.new_zeros(len(maps), len(groups) + 1).index_add(1, owner, values)
    named = dict(zip((*groups, OTHERS), sums.unbind(1), strict=True))
    if not bool((owner == len(groups)).any()):
        del named[OTHERS]
    return named


def _owners(groups: Mapping[str, tuple[int, ...]], count: int) -> Int[Tensor, " places"]:
    """Return the number of the group that each place is in, or how many groups there are."""
    owner = torch.full((count,), len(groups))
    for number, places in enumerate(groups.values()):
        owner[list(places)] = number
    return owner
