"""Ours against the peers on one case, in turns."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from specxai.errors import InvalidInputError
from specxai.spectral.svd.memory import free_memory, gibibytes
from specxai_studies.benchmarks.cases import CASES
from specxai_studies.benchmarks.methods import DENSE, REFERENCE

LIMIT = 600.0

Run = dict[str, Any]


@dataclass(frozen=True)
class Contest:
    """The runs of one case.

    Attributes:
        case: name of the case.
        ours: the method of ours.
        runs: for each method its measurements; a run that failed has an entry ``error``.
        ratios: for each peer the median over the pairs of its time by ours.
        reference: the leading singular values of the network in float64; empty where they take
            more than ten minutes.
    """

    case: str
    ours: str
    runs: dict[str, list[Run]]
    ratios: dict[str, float]
    reference: list[float] = field(default_factory=list)


def run_contest(
    case: str,
    ours: str,
    peers: Sequence[str],
    pairs: int = 3,
    n: int = 8,
    options: dict[str, Any] | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Contest:
    """Run ours and each peer in turns, each time in a fresh process.

    Args:
        case: a name of `CASES`.
        ours: a method of ours.
        peers: methods to compare with.
        pairs: how many times each.
        n: how many leading triplets are asked for.
        options: further arguments of ours.
        report: told of every run.

    Returns:
        All measurements; a peer that needs more memory than there is, or more than ten minutes,
        is not run again.
    """
    if case not in CASES:
        raise InvalidInputError(f"no case {case!r}: choose from {', '.join(CASES)}")
    runs: dict[str, list[Run]] = {name: [] for name in (ours, *peers)}
    for _ in range(pairs):
        for name in (*peers, ours):
            failed = any("error" in run for run in runs[name])
            if not failed:
                run = _measure(case, name, n, (options or {}) if name == ours else {})
                report(
                    f"{case}: {name}: {run.get('error') or format(run['seconds'], '.1f') + ' s'}"
                )
                runs[name].append(run)
    ratios = {name: _ratio(runs[ours], runs[name]) for name in peers}
    return Contest(case, ours, runs, ratios, reference_values(case, n))


def reference_values(case: str, n: int = 8) -> list[float]:
    """Return the n leading singular values of a case in float64, or none if they take too long."""
    values: list[float] = _measure(case, REFERENCE, n, {}).get("singular_values", [])
    return values


def _measure(case: str, method: str, n: int, options: dict[str, Any]) -> Run:
    m, M = CASES[case].shape
    need = 4 * m * M * 2  # the matrix and its right vectors
    if method in DENSE and need > free_memory(torch.device("cpu")):
        return {"error": f"needs {gibibytes(need)}", "need_bytes": need}
    command = [sys.executable, "-m", "specxai_studies.benchmarks.worker", case, method, str(n)]
    try:
        done = subprocess.run(
            [*command, json.dumps(options)], capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return {"error": f"more than {LIMIT:.0f} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"killed by signal {-done.returncode}"}
    run: Run = json.loads(done.stdout.splitlines()[-1])
    return run


def _ratio(ours: list[Run], theirs: list[Run]) -> float:
    pairs = zip(ours, theirs, strict=False)
    ratios = [b["seconds"] / a["seconds"] for a, b in pairs if "seconds" in a and "seconds" in b]
    return statistics.median(ratios) if ratios else float("nan")
