"""Load networks and inputs from the short names and files a user gives."""

from specxai.models.inputs import example_input, load_input
from specxai.models.loaded import LoadedInput, LoadedModel
from specxai.models.registry import load_model

__all__ = ["LoadedInput", "LoadedModel", "example_input", "load_input", "load_model"]
