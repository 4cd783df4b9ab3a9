"""Parametric shapes with points in correspondence, and labels from real solvers (paper 2.2)."""
