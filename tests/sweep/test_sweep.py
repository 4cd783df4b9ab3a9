"""The sweep tells right from wrong, and keeps what it finds."""

import os

import pytest
import torch
from sweep.case import Case, lifelike
from sweep.catalogue import catalogue
from sweep.cuts import measure_rows
from sweep.differences import difference
from sweep.findings import REFUSED, RIGHT, UNFINISHED, WRONG, Findings
from sweep.measure import linearized, measure
from sweep.page import replace_section
from sweep.results import Results
from torch import nn

from specxai.affine.products.jacobian import Jacobian


class Around(nn.Module):
    """Calls a function between two layers."""

    def __init__(self, function):
        super().__init__()
        self.first, self.second, self.function = nn.Linear(5, 6), nn.Linear(6, 4), function

    def forward(self, x):
        return self.second(self.function(torch.tanh(self.first(x))))


def found(function):
    torch.manual_seed(0)
    return measure("net", lifelike(Case(Around(function), torch.randn(1, 5))))


def test_a_right_network():
    findings = found(torch.relu)
    assert findings.verdict == RIGHT
    assert findings.layers == 2
    assert findings.errors["difference"] < 1e-6


def test_a_derivative_is_compared_with_differences():
    torch.manual_seed(0)
    case = lifelike(Case(Around(torch.relu), torch.randn(1, 5)))
    lin, v = linearized(case), torch.randn(1, 5).double()
    assert difference(case.model, lin.x, lin.jvp, v).error < 1e-6
    bent = difference(case.model, lin.x, lambda v: 1.1 * lin.jvp(v), v)
    assert bent.error == pytest.approx(0.1 / 1.1, 1e-4)
    assert not bent.falling


def test_a_network_that_rounds_inside_is_compared_at_large_steps():
    torch.manual_seed(0)
    case = lifelike(Case(Around(lambda x: x.float().double()), torch.randn(1, 5)))
    lin = linearized(case)
    assert difference(case.model, lin.x, lin.jvp, torch.randn(1, 5).double()).error < 1e-4
    assert found(lambda x: x.float().double()).errors["difference"] < 1e-6


def test_beside_a_kink_the_difference_is_good_again():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 9, bias=False), nn.ReLU())
    case = Case(net.double().eval(), torch.zeros(1, 2).double())
    findings = measure("net", case)
    assert "kink" in findings.note
    assert findings.errors["difference"] < 1e-6


def test_kinks_at_every_step_are_told_from_a_wrong_derivative():
    x, v = torch.zeros(1, 1).double(), torch.ones(1, 1).double()

    def kinks(x):
        """A derivative of 1 at zero, and kinks at every power of two."""
        steps = 2.0 ** torch.arange(-60, 0, dtype=torch.float64)
        return x + (0.5 * steps**0.5 * (x - steps).relu()).sum()

    assert difference(kinks, x, lambda v: v, v).falling
    assert not difference(kinks, x, lambda v: 0.9 * v, v).falling


def test_products_that_disagree_are_seen():
    J = Jacobian(torch.tanh, torch.randn(1, 5).double())
    assert measure_rows(J) < 1e-12
    pull = J.pull
    J.pull = lambda w: pull(w) if len(w) == 1 else 1.1 * pull(w)
    assert measure_rows(J) == pytest.approx(0.1)


def test_a_refusal():
    findings = found(lambda x: x.detach())
    assert findings.verdict == REFUSED
    assert "InvalidModelError" in findings.refusals[0]


def test_an_exception_that_names_no_remedy_is_wrong():
    findings = Findings("net")
    with findings.stage("here"):
        raise ZeroDivisionError("by zero")
    assert findings.verdict == WRONG
    assert findings.faults[0].startswith("here: ZeroDivisionError: by zero (sweep/test_sweep.py:")


def test_an_error_that_is_no_number_is_the_largest():
    findings = Findings("net")
    findings.note_error("batch", 0.0)
    findings.note_error("batch", float("nan"), "there")
    findings.note_error("batch", 1.0)
    assert findings.excessive == ["batch"]
    assert findings.worst_layers["batch"] == "there"


def test_results_are_shared_and_resumed(tmp_path):
    results = Results(tmp_path / "results.jsonl")
    assert results.claim("a")
    assert not Results(results.path).claim("a")  # this process is alive and has it
    results.add(Findings("a", unfinished="took more than 1 s"))
    assert not results.claim("a")
    assert results.findings()["a"].verdict == UNFINISHED
    results.forget({"a"})
    assert results.claim("a")


def test_a_claim_of_a_dead_runner_is_void(tmp_path):
    process = os.fork()
    if not process:
        os._exit(0)
    os.waitpid(process, 0)
    results = Results(tmp_path / "results.jsonl")
    results.path.write_text(f'{{"name": "a", "claimed": {process}}}\n', encoding="utf-8")
    assert results.claim("a")


def test_a_section_of_a_page_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n## One\n\nold\n\n## Two\n\nstays\n", encoding="utf-8")
    replace_section(page, "One", "new \\1")
    replace_section(page, "Three", "added")
    expected = "# Title\n\n## One\n\nnew \\1\n\n## Two\n\nstays\n\n## Three\n\nadded\n"
    assert page.read_text(encoding="utf-8") == expected
    replace_section(page, "Three", "again")
    assert page.read_text(encoding="utf-8") == expected.replace("added", "again")


def test_every_source_names_networks():
    names = list(catalogue())
    assert len(names) == len(set(names)) > 200
