"""The singular value decomposition of R, exact or by products."""
