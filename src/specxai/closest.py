"""The known names that are closest to one that is not known: what an error suggests."""

from collections.abc import Iterable
from difflib import get_close_matches

# A name of fewer letters is part of nearly everything.
_LEAST = 3


def closest(sought: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return the known names closest to one that is not among them; case is ignored.

    First come those that contain it, the shortest first; then those that it contains, the longest
    first; then those that are spelt alike.

    Args:
        sought: the name.
        known: the names there are.
        n: at most how many to return.

    >>> closest("resnet", ["vgg16", "wide_resnet50_2", "resnet18", "restnet"])
    ['resnet18', 'wide_resnet50_2', 'restnet']
    """
    text, names = sought.strip().casefold(), {name: name.casefold() for name in known}
    if not text:
        return []
    around = sorted((name for name, plain in names.items() if text in plain), key=len)
    within = [name for name, plain in names.items() if len(plain) >= _LEAST and plain in text]
    alike = get_close_matches(text, list(names.values()), n, cutoff=0.5)
    spelt = [name for plain in alike for name in names if names[name] == plain]
    return list(dict.fromkeys((*around, *sorted(within, key=len, reverse=True), *spelt)))[:n]
