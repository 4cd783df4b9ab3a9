"""The command line: one module for each command.

What a command needs is imported inside it, so that ``specxai --help`` answers at once.
"""

from specxai.cli import (
    compare,
    completion,
    evolve,
    explain,
    layers,
    show,
    similarity,
    surgery,
    symbolic,
)
from specxai.cli.app import app, main

__all__ = [
    "app",
    "compare",
    "completion",
    "evolve",
    "explain",
    "layers",
    "main",
    "show",
    "similarity",
    "surgery",
    "symbolic",
]
