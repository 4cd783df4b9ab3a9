"""Options of solvers on the command line: each method takes its own."""

from pathlib import Path

import pytest

from specxai.cli.solver import LeadingOptions, SolverOptions
from specxai.errors import InvalidInputError
from specxai.spectral import LEADING, Auto, Exact, Krylov


def test_nothing_given_is_the_default() -> None:
    assert SolverOptions().solver() == Auto()
    assert SolverOptions("exact").solver() == Exact()
    assert SolverOptions("krylov").solver() == Krylov()
    usual = Auto(krylov=Krylov(tol=0.1), seconds=3.0)
    assert SolverOptions().solver(usual) == usual
    assert SolverOptions("krylov").solver(usual) == Krylov(tol=0.1)


def test_what_is_given_is_taken() -> None:
    found = LeadingOptions("auto", 3, 0.5, 7, 9.0, "1GiB", Path("s"), "contribution").solver()
    assert found == Auto(Exact(Path("s")), Krylov(3, "contribution", 0.5, 7), 9.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (SolverOptions("exact", components=3), "--components says nothing to --method exact"),
        (LeadingOptions("exact", by="contribution"), "--by says nothing to --method exact"),
        (SolverOptions("krylov", scratch=Path("s")), "take --method exact"),
        (SolverOptions("exact", seconds=3.0), "take --method auto"),
    ],
)
def test_what_a_method_ignores_cannot_be_given(options: SolverOptions, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        options.solver()


def test_an_answer_is_solved_as_in_python() -> None:
    assert LeadingOptions().solver() == LEADING
