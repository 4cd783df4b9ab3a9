"""Tracing one run of a network: what it calls, by which rule, and where all paths cross."""
