"""Keep third-party loaders from running code out of a pickle."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_FORCE = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
_FORCE_NOT = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


@contextmanager
def data_only_pickles() -> Iterator[None]:
    """Make every torch.load inside the block read data only, whatever its caller asked for."""
    before = {name: os.environ.pop(name, None) for name in (_FORCE, _FORCE_NOT)}
    os.environ[_FORCE] = "1"
    try:
        yield
    finally:
        del os.environ[_FORCE]
        os.environ.update({name: value for name, value in before.items() if value is not None})
