"""The paper's experiments, one package each, and what they have in common."""

from specxai.studies.claim import Claim
from specxai.studies.report import Section, write_report

__all__ = ["Claim", "Section", "write_report"]
