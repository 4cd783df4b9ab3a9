"""Networks as users bring them, family after family, and what must hold on each of them.

``make sweep`` measures them all and writes the table in docs/architectures.md.
"""
