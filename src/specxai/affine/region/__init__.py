"""The linear region around an input."""
