"""How fast, in how much memory and how accurately: against what a user could put together."""

from specxai.benchmarks.cases import CASES, Case
from specxai.benchmarks.contest import Contest, run_contest
from specxai.benchmarks.growth import AXES, Growth, measure_growth
from specxai.benchmarks.growth_figure import growth_figure
from specxai.benchmarks.methods import METHODS
from specxai.benchmarks.program import PROGRAM, STAGED, Entry
from specxai.benchmarks.record import read, record, table
from specxai.benchmarks.stages import Calls, Stages, measure_calls, measure_stages

__all__ = [
    "AXES",
    "CASES",
    "METHODS",
    "PROGRAM",
    "STAGED",
    "Calls",
    "Case",
    "Contest",
    "Entry",
    "Growth",
    "Stages",
    "growth_figure",
    "measure_calls",
    "measure_growth",
    "measure_stages",
    "read",
    "record",
    "run_contest",
    "table",
]
