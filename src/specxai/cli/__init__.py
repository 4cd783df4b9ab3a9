"""The command line: one module for each command.

What a command needs is imported inside it, so that ``specxai --help`` answers at once.
"""

from specxai.cli import (
    bench,
    compare,
    evolve,
    explain,
    layers,
    show,
    similarity,
    study,
    study_imagenet,
    study_shapes,
    study_squares,
    surgery,
    symbolic,
)
from specxai.cli.app import app, main

__all__ = [
    "app",
    "bench",
    "compare",
    "evolve",
    "explain",
    "layers",
    "main",
    "show",
    "similarity",
    "study",
    "study_imagenet",
    "study_shapes",
    "study_squares",
    "surgery",
    "symbolic",
]
