"""The same input through other attribution methods and ours, and how far each can be trusted."""

from specxai.compare.attribution import Attribution, Instance, Method, Total

__all__ = ["Attribution", "Instance", "Method", "Total"]
