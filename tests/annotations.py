"""Annotations are checked in every test, shapes and dtypes too, unless it asks for none of that.

Imported before anything of the packages.
"""

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

# Small tensors, and the same rounding on every machine; and commands that two tests run at a time
# do not wait for each other's threads.
os.environ["OMP_NUM_THREADS"] = "1"

import jaxtyping
import pytest
import torch
from beartype import beartype

_jaxtyped = jaxtyping.jaxtyped


def _checked(fn: Any = None, *, typechecker: Callable[..., Any]) -> Any:
    """Check a function without a tensor's shape by beartype alone.

    What jaxtyping does beside, for shapes, takes longer than most such functions.
    """
    if fn is None:
        return functools.partial(_checked, typechecker=typechecker)
    if not inspect.isfunction(fn) or any(map(_may_name_a_shape, fn.__annotations__.values())):
        return _jaxtyped(fn, typechecker=typechecker)
    checked = beartype(fn)

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (fn if jaxtyping.config.jaxtyping_disable else checked)(*args, **kwargs)

    return call


def _may_name_a_shape(annotation: Any) -> bool:
    return isinstance(annotation, str) or "jaxtyping" in repr(annotation)


jaxtyping.jaxtyped = _checked
jaxtyping.install_import_hook(("specxai", "specxai_studies"), "beartype.beartype")
torch.set_num_threads(1)


@pytest.fixture
def unchecked_annotations() -> Iterator[None]:
    """Let wrong arguments through to the package's own checks, as they reach it in real use."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
