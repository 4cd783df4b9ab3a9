"""Parametric three-blade turbines with the stress of their rotors."""
