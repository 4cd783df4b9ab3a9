"""Every operation as the affine map through its values at a baseline and at the input."""
