import logging

import pytest
import torch
from torch import nn

from specxai import explain, linearize
from specxai.errors import InvalidInputError
from specxai.spectral import Auto, Exact, Krylov, explain_at
from specxai.spectral.svd import estimate, memory
from specxai.spectral.svd import solver as options
from specxai.spectral.svd.estimate import Estimate, duration, estimate_exact


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
    assert min(found.rows, found.product, found.vectors, found.pull, found.push) > 0
    assert found.seconds == found.rows + found.product + found.vectors


@pytest.mark.parametrize(("seconds", "method"), [(3.0, "exact"), (4000.0, "krylov")])
def test_auto_says_what_it_chose(monkeypatch, caplog, seconds, method):
    monkeypatch.setattr(options, "estimate_exact", lambda *_: Estimate(seconds, 0.0, 0.0))
    with caplog.at_level(logging.INFO, "specxai"):
        ex = explain(wide(), torch.randn(1, 300), "1", method=Auto(krylov=Krylov(2)))
    assert ex.method == method
    (record,) = caplog.records
    assert record.getMessage().startswith(f"method {method}: ")
    assert duration(seconds) in record.getMessage()
    assert ("up to 1,000 products each way take" in record.getMessage()) == (method == "krylov")


def test_few_rows_need_no_estimate(caplog):
    with caplog.at_level(logging.INFO, "specxai"):
        ex = explain(nn.Sequential(nn.Linear(5, 4)).eval(), torch.randn(1, 5))
    assert ex.method == "exact"
    assert not caplog.records


@pytest.mark.usefixtures("unchecked_annotations")
def test_an_unknown_method():
    with pytest.raises(InvalidInputError, match="choose 'auto', 'exact', 'krylov', 'leading'"):
        explain(wide(), torch.randn(1, 300), "1", method="magic")


def test_repeated_with_one_thread_it_is_the_same_to_the_bit():
    model, x = wide(), torch.randn(1, 300)
    for method in ("exact", "krylov"):
        one, two = (explain(model, x, "1", 0, method=method) for _ in range(2))
        assert one.contributions.equal(two.contributions)
        assert one.left_vectors([0, 1]).equal(two.left_vectors([0, 1]))
        assert one.right_vectors([0, 1]).equal(two.right_vectors([0, 1]))


def test_memory_is_read_once(monkeypatch):
    """What is free changes under load; the choice and the work must count on the same."""
    readings = []

    def shrinking(device):
        readings.append(device)
        return 2**40 if len(readings) == 1 else 2**10

    monkeypatch.setattr(memory, "free_memory", shrinking)
    for method in (Auto(krylov=Krylov(2)), Exact(), Krylov(2)):
        readings.clear()
        explain(wide(), torch.randn(1, 300), "1", method=method)
        assert len(readings) == 1


def test_more_rows_than_inputs_are_foretold_by_the_inputs(monkeypatch):
    """A cloud of points: 5,000 active rows of 60 inputs are the work of a matrix of 60."""
    monkeypatch.setattr(estimate, "_product_rate", lambda _: 1e-10)
    monkeypatch.setattr(estimate, "seconds_of", lambda work: (work(), 0.5)[1])
    model = nn.Sequential(nn.Linear(60, 5000), nn.LeakyReLU()).eval()
    found = estimate_exact(linearize(model, torch.randn(1, 60)).right("1"), 5000)
    assert found.qr
    assert found.rows == pytest.approx(60 * 0.5 / 16)  # products with R, 16 at a time
    small = 0.5 * (60 / 512) ** 3 + 7e-10 * 5000 * 60**2
    assert found.product + found.vectors == pytest.approx(small)


def test_what_is_not_kept_is_computed_twice():
    right = linearize(wide(), torch.randn(1, 300)).right("1")
    found = estimate_exact(right, 100, "nowhere")
    assert found.rows == pytest.approx(100 * (found.pull + found.push))


def test_a_bottleneck_is_found_before_its_rows_are_foretold(caplog):
    torch.manual_seed(0)
    layers = nn.Linear(400, 3), nn.Linear(3, 300), nn.Linear(300, 2)
    with caplog.at_level(logging.INFO, "specxai"):
        ex = explain(nn.Sequential(*layers).eval(), torch.randn(1, 400), "1", 0)
    assert (ex.method, ex.rank) == ("exact", 3)
    (record,) = caplog.records
    assert record.getMessage() == "method exact: 300 active rows, of rank 3"


def test_the_time_that_auto_allows(monkeypatch):
    monkeypatch.setattr(options, "estimate_exact", lambda *_: Estimate(3.0, 0.0, 0.0))
    lin = linearize(wide(), torch.randn(1, 300))
    for seconds, method in ((2.0, "krylov"), (4.0, "exact")):
        chosen = Auto(krylov=Krylov(2), seconds=seconds)
        assert explain_at(lin, "1", 0, chosen).method == method


def test_an_answer_takes_few_rows_whole_and_else_the_leading_ones():
    net = torch.nn.Sequential(torch.nn.Linear(300, 200), torch.nn.Linear(200, 2)).double().eval()
    x = torch.randn(1, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wide = explain(net, x, layer="0", target=0, method="leading")
    assert wide.method == "krylov"
    assert wide.rank <= 8
    everything = explain(net, x, layer="0", target=0)
    sums = everything.contributions[everything.top(8)].cumsum(0) / everything.linear
    if bool(((sums - 1).abs() <= 0.1).any()):
        assert abs(1 - float(wide.contributions.sum() / wide.linear)) <= 0.1
    assert explain(net, x, layer="1", target=0, method="leading").method == "exact"
    narrow = torch.nn.Sequential(torch.nn.Linear(30, 200), torch.nn.Linear(200, 2)).double().eval()
    assert explain(narrow, x[:, :30], layer="0", target=0, method="leading").rank == 30
