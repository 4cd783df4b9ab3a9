"""``python -m specxai_studies.shapes.generate cars --n 400``: labels from the solvers.

Work that was stopped goes on where it was. Every shape is solved in a process of its own; what
fails is written down with its reason, counted and skipped.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Literal

from cyclopts import App

from specxai.errors import SpecxaiError
from specxai.progress import Progress, silent
from specxai.terminal.progress import progress_bars
from specxai_studies.shapes.dataset import DataSet
from specxai_studies.shapes.labels import Outcome, add_outcome, read_outcomes, write_table
from specxai_studies.shapes.parameters import draw

app = App(help="Make labels for shapes with a solver.")


def generate(
    data: DataSet, count: int, folder: Path, processes: int = 2, progress: Progress = silent
) -> list[Outcome]:
    """Solve the first shapes of a data set, as far as they are not solved yet.

    Args:
        data: the data set.
        count: how many shapes, from index 0.
        folder: for outcomes.jsonl, labels.csv and the solver's files; it is made if need be.
        processes: how many shapes are solved at a time.
        progress: told of each shape.

    Returns:
        What became of each of them, those of earlier calls too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "outcomes.jsonl"
    known = read_outcomes(path)
    missing = [index for index in range(count) if index not in known]
    if missing:
        data.prepare(folder)
    progress(data.name, count - len(missing), count)
    for done, outcome in enumerate(_solve_all(data, missing, folder, processes), 1):
        add_outcome(path, outcome)
        known[outcome.index] = outcome
        progress(data.name, count - len(missing) + done, count)
    outcomes = [each for each in known.values() if each.index < count]
    write_table(folder / "labels.csv", data.parameters, data.seed, outcomes)
    return outcomes


@app.default
def main(
    name: Literal["cars", "turbines"],
    *,
    n: int = 400,
    out: Path | None = None,
    processes: int = 2,
    quiet: bool = False,
) -> None:
    """Solve shapes, or go on with it, and write labels.csv.

    Args:
        name: of the data set.
        n: how many shapes.
        out: folder for the results; the data set's name if not given.
        processes: how many shapes are solved at a time.
        quiet: show no progress.
    """
    with progress_bars(quiet) as progress:
        outcomes = generate(_data_set(name), n, out or Path(name), processes, progress)
    failed = [each for each in outcomes if each.failure]
    print(f"{len(outcomes) - len(failed)} of {n} {name} have labels, {len(failed)} failed")
    for outcome in failed:
        print(f"  {outcome.index}: {outcome.failure}")


def _data_set(name: str) -> DataSet:
    from specxai_studies.shapes.cars import Cars
    from specxai_studies.shapes.turbines import Turbines

    return Cars() if name == "cars" else Turbines()


def _solve_all(
    data: DataSet, indices: Sequence[int], folder: Path, processes: int
) -> Iterator[Outcome]:
    """Yield outcomes as they come, whatever happens to the processes that solve."""
    waiting = list(indices)
    while waiting:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as pool:
            running: dict[Future[Outcome], int] = {}
            broken = False
            while running or (waiting and not broken):
                while waiting and not broken and len(running) < processes:
                    index = waiting.pop(0)
                    running[pool.submit(_solve, data, index, folder)] = index
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    index = running.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:  # a solver took its process down
                        broken = True
                        yield Outcome(index, {}, "the solver's process died")


def _solve(data: DataSet, index: int, folder: Path) -> Outcome:
    values = draw(data.parameters, data.seed, index)
    try:
        return Outcome(index, data.solve(values, folder / f"shape-{index}"))
    except (SpecxaiError, ArithmeticError, ValueError, OSError) as fault:
        return Outcome(index, {}, f"{type(fault).__name__}: {fault}")


if __name__ == "__main__":
    app()
