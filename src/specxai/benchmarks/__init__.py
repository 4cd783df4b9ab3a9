"""How fast, in how much memory and how accurately: against what a user could put together."""

from specxai.benchmarks.cases import CASES, Case
from specxai.benchmarks.contest import Contest, run_contest
from specxai.benchmarks.methods import METHODS
from specxai.benchmarks.program import PROGRAM, Entry
from specxai.benchmarks.record import read, record, table

__all__ = [
    "CASES",
    "METHODS",
    "PROGRAM",
    "Case",
    "Contest",
    "Entry",
    "read",
    "record",
    "run_contest",
    "table",
]
