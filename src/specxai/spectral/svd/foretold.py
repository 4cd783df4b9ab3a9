"""Progress of work that tells nothing of itself, such as one call of LAPACK."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from specxai.progress import Progress

T = TypeVar("T")

# What the work done is counted in: percent.
_WHOLE = 100
# Seconds between two reports.
_TICK = 0.5


def foretold(work: Callable[[], T], stage: str, seconds: float, progress: Progress) -> T:
    """Do some work, and report meanwhile how much of its predicted time has passed.

    A second thread does that, so that the work must let others run: calls of LAPACK do. It has
    ended when this returns, whatever happens; what ``progress`` raises in it is raised here.

    Args:
        work: what to do.
        stage: its name.
        seconds: how long it is thought to take.
        progress: called with the stage's name, percent done, and 100.

    Returns:
        What the work returns.
    """
    ended, faults = threading.Event(), list[BaseException]()
    begun = time.perf_counter()

    def tick() -> None:
        try:
            while not ended.wait(_TICK):
                progress(stage, percent(time.perf_counter() - begun, seconds), _WHOLE)
        except BaseException as fault:
            faults.append(fault)

    progress(stage, 0, _WHOLE)
    ticking = threading.Thread(target=tick, name=f"specxai: {stage}", daemon=True)
    ticking.start()
    try:
        result = work()
    finally:
        ended.set()
        ticking.join()
    if faults:
        raise faults[0]
    progress(stage, _WHOLE, _WHOLE)
    return result


def percent(passed: float, predicted: float) -> int:
    """Return how much of some work is thought to be done.

    From nine tenths of the prediction on, the rest shrinks with the time that has passed, so that
    it still moves when the prediction was too short; it ends at 99.

    >>> percent(5.0, 10.0), percent(10.0, 10.0), percent(20.0, 10.0), percent(1e9, 10.0)
    (50, 91, 95, 99)
    """
    share = passed / max(predicted, 1e-9)
    return min(int(_WHOLE * (share if share <= 0.9 else 1 - 0.09 / share)), _WHOLE - 1)
