"""The numbers of a result, and what follows from numbers alone."""
