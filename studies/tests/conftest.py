"""As for the library: annotations are checked, and its small classifier is at hand."""

from annotations import unchecked_annotations  # noqa: F401 - fixtures
from classifier import instance, model, x  # noqa: F401
