"""The command line: one module for each command.

What a command needs is imported inside it, so that ``specxai --help`` answers at once.
"""

from specxai.cli import bench, explain, layers, show, surgery, symbolic
from specxai.cli.app import app, main

__all__ = ["app", "bench", "explain", "layers", "main", "show", "surgery", "symbolic"]
