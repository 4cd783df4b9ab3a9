"""Rotated squares through an auto-encoder (paper 2.3 and 3.1, Figures 8 and 9)."""

from specxai_studies.squares.study import run_squares

__all__ = ["run_squares"]
