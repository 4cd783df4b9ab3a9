import logging

import pytest
import torch
from torch import nn

from specxai import explain, linearize
from specxai.errors import InvalidInputError
from specxai.spectral import options
from specxai.spectral.estimate import Estimate, duration, estimate_exact


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (95.0, "1 min 35 s"),
        (7260.0, "2 h 1 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def wide():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 3)).eval()


def test_an_estimate_grows_as_the_work_does():

    right = linearize(wide(), torch.randn(1, 300)).right("1")
    found = estimate_exact(right, 100)
    assert min(found.rows, found.gram, found.eigenvectors) > 0
    assert found.seconds == found.rows + found.gram + found.eigenvectors


@pytest.mark.parametrize(("seconds", "method"), [(3.0, "exact"), (4000.0, "krylov")])
def test_auto_says_what_it_chose(monkeypatch, caplog, seconds, method):
    monkeypatch.setattr(options, "estimate_exact", lambda right, count: Estimate(seconds, 0.0, 0.0))
    with caplog.at_level(logging.INFO, "specxai"):
        ex = explain(wide(), torch.randn(1, 300), "1", n_components=2)
    assert ex.method == method
    (record,) = caplog.records
    assert record.getMessage().startswith(f"method {method}: ")
    assert duration(seconds) in record.getMessage()


def test_few_rows_need_no_estimate(caplog):
    with caplog.at_level(logging.INFO, "specxai"):
        ex = explain(nn.Sequential(nn.Linear(5, 4)).eval(), torch.randn(1, 5))
    assert ex.method == "exact"
    assert not caplog.records


@pytest.mark.usefixtures("unchecked_annotations")
def test_an_unknown_method():
    with pytest.raises(InvalidInputError, match="choose 'auto', 'exact' or 'krylov'"):
        explain(wide(), torch.randn(1, 300), "1", method="magic")


def test_repeated_with_one_thread_it_is_the_same_to_the_bit():
    model, x = wide(), torch.randn(1, 300)
    for method in ("exact", "krylov"):
        one, two = (explain(model, x, "1", 0, method=method) for _ in range(2))
        assert one.contributions.equal(two.contributions)
        assert one.left_vectors([0, 1]).equal(two.left_vectors([0, 1]))
        assert one.right_vectors([0, 1]).equal(two.right_vectors([0, 1]))
