"""What every test has: annotations that are checked, and a small classifier."""

from annotations import unchecked_annotations  # noqa: F401 - fixtures
from classifier import instance, model, x  # noqa: F401
