"""The paper's experiments, one package each, and what they have in common."""

from specxai.report.claim import Claim
from specxai.report.page import Section, write_report

__all__ = ["Claim", "Section", "write_report"]
