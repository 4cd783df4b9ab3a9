"""What the coarse-RANS drag is worth: mesh convergence, noise, and a body with published drag."""
