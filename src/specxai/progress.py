"""How long work tells of its progress."""

from collections.abc import Callable

# Called with a stage's name, the work done and the work in all.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
