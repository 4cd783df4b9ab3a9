"""The output as a formula of the input."""
