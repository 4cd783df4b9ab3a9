"""Progress of one call that tells nothing of itself."""

import threading
import time

import pytest
import torch

from specxai.spectral.svd import foretold as module
from specxai.spectral.svd.foretold import foretold, percent


@pytest.fixture(autouse=True)
def fast_ticks(monkeypatch):
    monkeypatch.setattr(module, "_TICK", 0.01)


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("specxai")]


def test_progress_moves_while_the_work_lasts_and_ends_with_it():
    reports = []
    result = foretold(
        lambda: (time.sleep(0.3), 5)[1], "work", 0.4, lambda *report: reports.append(report)
    )
    count = len(reports)
    time.sleep(0.05)
    assert result == 5
    assert len(reports) == count > 4  # nothing comes after the end
    assert reports[0] == ("work", 0, 100)
    assert reports[-1] == ("work", 100, 100)
    done = [report[1] for report in reports]
    assert done == sorted(done)
    assert max(done[:-1]) <= 99
    assert not threads()


def test_lapack_lets_the_second_thread_run():
    matrix = torch.randn(700, 700, dtype=torch.float64)
    reports = []
    for work in (torch.linalg.eigh, torch.linalg.svd):
        reports.clear()
        foretold(
            lambda work=work: work(matrix @ matrix.T), "work", 1.0, lambda *r: reports.append(r)
        )
        assert len(reports) > 2


def test_a_fault_of_the_work_ends_the_thread():
    with pytest.raises(ZeroDivisionError):
        foretold(lambda: 1 / 0, "work", 1.0, lambda *_: None)
    assert not threads()


def test_a_fault_of_the_report_comes_out():
    def report(stage, done, total):
        if threading.current_thread() is not threading.main_thread():
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError, match="work"):
        foretold(lambda: time.sleep(0.2), "work", 1.0, report)
    assert not threads()


@pytest.mark.parametrize("predicted", [0.0, 1e-3, 1.0, 50.0])
def test_percent_never_turns_back_nor_ends(predicted):
    shares = [percent(passed / 10, predicted) for passed in range(2000)]
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 99
