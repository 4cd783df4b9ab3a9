"""Tests whose right answer is known by construction, one a module."""
