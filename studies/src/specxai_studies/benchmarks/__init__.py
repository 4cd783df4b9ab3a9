"""How fast, in how much memory and how accurately: against what a user could put together."""

from specxai_studies.benchmarks.cases import CASES, Case
from specxai_studies.benchmarks.contest import Contest, run_contest
from specxai_studies.benchmarks.growth import AXES, Growth, measure_growth
from specxai_studies.benchmarks.growth_figure import growth_figure
from specxai_studies.benchmarks.methods import METHODS
from specxai_studies.benchmarks.overhead import (
    BASELINE_CASE,
    OVERHEAD_CASES,
    Overhead,
    measure_overhead,
)
from specxai_studies.benchmarks.program import PROGRAM, STAGED, Entry
from specxai_studies.benchmarks.race import BASELINES, Race, run_race
from specxai_studies.benchmarks.record import read, record, table
from specxai_studies.benchmarks.stages import Calls, Stages, measure_calls, measure_stages

__all__ = [
    "AXES",
    "BASELINES",
    "BASELINE_CASE",
    "CASES",
    "METHODS",
    "OVERHEAD_CASES",
    "PROGRAM",
    "STAGED",
    "Calls",
    "Case",
    "Contest",
    "Entry",
    "Growth",
    "Overhead",
    "Race",
    "Stages",
    "growth_figure",
    "measure_calls",
    "measure_growth",
    "measure_overhead",
    "measure_stages",
    "read",
    "record",
    "run_contest",
    "run_race",
    "table",
]
