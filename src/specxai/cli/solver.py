"""What to explain and how to decompose it, as options of every command that does."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from specxai.cli.network import AnswerOptions, Opened
from specxai.cli.options import AnswerLayer
from specxai.cli.reading import read_layers
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai.models import LoadedModel
    from specxai.spectral import Auto, Explanation, Solver

_KRYLOV = {name: name for name in ("by", "share", "tol", "products")}
_KRYLOV["components"] = "n_components"
# What each method takes of the options below, and the memory.
_EITHER = {*_KRYLOV, "scratch", "seconds"}
_TAKES = {"exact": {"scratch"}, "krylov": {*_KRYLOV}, "auto": _EITHER, "leading": _EITHER}


@Parameter(name="*")
@dataclass(frozen=True)
class SolverOptions:
    """How to decompose; None leaves a value as the method has it.

    Attributes:
        method: exact computes all components, krylov the leading ones by products; auto the exact
            ones where they fit in memory and in time; leading those of largest contribution that
            carry 90 %, at most 8.
        components: how many components krylov looks for.
        tol: largest accepted relative residual of a component that krylov finds.
        products: how many products with the Jacobian, and as many with its transpose, krylov may
            make; what has not converged then is not shown.
        seconds: how long auto lets exact take.
        memory: what may be taken beside the model, such as 2GiB; else what is free.
        scratch: a folder for rows that exact cannot keep in memory.
    """

    method: Literal["auto", "exact", "krylov", "leading"] = "auto"
    components: int | None = None
    tol: float | None = None
    products: int | None = None
    seconds: float | None = None
    memory: str | None = None
    scratch: Path | None = None

    def solver(self, defaults: "Auto | None" = None) -> "Solver":
        """Return the solver that is meant.

        Args:
            defaults: what holds where nothing is given; None takes the library's.

        Raises:
            InvalidInputError: an option is given that the method ignores.
        """
        from specxai.spectral import LEADING, Auto

        auto = defaults or (LEADING if self.method == "leading" else Auto())
        given = {name: value for name, value in vars(self).items() if value is not None}
        self._check(given)
        options = {own: given[name] for name, own in _KRYLOV.items() if name in given}
        if options.get("by") == "singular_value":
            options.setdefault("share", None)  # a share is one of contributions
        krylov = replace(auto.krylov, **options)
        exact = replace(auto.exact, scratch=self.scratch)
        if self.method in ("auto", "leading"):
            seconds = given.get("seconds", auto.seconds)
            return replace(auto, exact=exact, krylov=krylov, seconds=seconds)
        return exact if self.method == "exact" else krylov

    def _check(self, given: dict[str, Any]) -> None:
        """Refuse what the method ignores."""
        taken = _TAKES[self.method] | {"method", "memory"}
        odd = next((name for name in given if name not in taken), None)
        if odd is not None:
            other = next(method for method in _TAKES if odd in _TAKES[method])
            raise InvalidInputError(
                f"--{odd} says nothing to --method {self.method}: leave it out, or take "
                f"--method {other}"
            )


@Parameter(name="*")
@dataclass(frozen=True)
class AnswerSolver(SolverOptions):
    """How to decompose for an answer: as many components as carry most of it."""

    method: Literal["auto", "exact", "krylov", "leading"] = "leading"


@Parameter(name="*")
@dataclass(frozen=True)
class LeadingOptions(AnswerSolver):
    """How to decompose, and which components lead.

    Attributes:
        by: what the components that krylov finds lead in, σ or |α|.
        share: of u·x: krylov stops short of --components when those of largest |α| add up to it.
    """

    by: Literal["singular_value", "contribution"] | None = None
    share: float | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class ExplainOptions:
    """What to explain, how to decompose it, and how model and input are taken.

    Attributes:
        target: output to explain, by number (-1 is the last) or class name; numbers with commas
            for more dimensions. If not given: the largest of a row of outputs; all of them for
            --layer none.
    """

    layer: AnswerLayer = "auto"
    target: str | None = None
    solver: LeadingOptions = LeadingOptions()
    network: AnswerOptions = AnswerOptions()  # noqa: RUF009, it is frozen

    def explain(
        self, model: "str | LoadedModel", input: str, quiet: bool
    ) -> "tuple[Opened, Explanation]":
        """Load a model and an input, and decompose an output.

        Args:
            model: what stands on the command line for it; or the model, loaded for many inputs.
            input: what stands on the command line for it.
            quiet: show no progress.
        """
        from specxai.spectral import explain_at
        from specxai.terminal.progress import progress_bars

        solver = self.solver.solver()
        layers = read_layers(self.layer)
        loaded = self.network.load(model) if isinstance(model, str) else model
        opened = self.network.open_input(loaded, input, self.target)
        with progress_bars(quiet) as progress:
            explanation = explain_at(
                opened.lin, layers, opened.target, solver, self.solver.memory, progress
            )
        return opened, opened.named(explanation)
