"""Products with the Jacobian, and the check that its two derivatives agree."""
