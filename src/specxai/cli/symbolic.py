"""``specxai symbolic``."""

from typing import Annotated, Literal

from cyclopts import Parameter

from specxai.cli.app import app
from specxai.cli.network import AnswerOptions
from specxai.cli.options import AnswerLayer, Input, Model, Quiet
from specxai.cli.reading import read_layers
from specxai.cli.solver import AnswerSolver


@app.command
def symbolic(
    model: Model,
    input: Input,
    /,
    *,
    layer: AnswerLayer = "auto",
    target: str | None = None,
    n: Annotated[int, Parameter(name=["-n", "--terms"])] = 5,
    by: Literal["contribution", "singular_value", "reduced"] = "contribution",
    reduced: Annotated[bool, Parameter(negative="")] = False,
    format: Literal["markdown", "latex", "json"] = "markdown",
    solver: AnswerSolver = AnswerSolver(),  # noqa: B008, it is frozen
    network: AnswerOptions = AnswerOptions(),  # noqa: B008, it is frozen
    quiet: Quiet = False,
) -> None:
    """Write an output of a network as an equation: few terms, what they leave out, and the bias.

    Args:
        target: output to explain, by number (-1 is the last) or class name; numbers with commas
            for more dimensions. If not given: the largest of a row of outputs.
        n: how many terms to show.
        by: what they lead in.
        reduced: let contributions of opposite sign cancel first.
        format: markdown tables, one equation in LaTeX, or json.
    """
    from specxai.affine import choose_target
    from specxai.spectral import Auto, Krylov, explain_at
    from specxai.terminal.printing import print_json
    from specxai.terminal.progress import progress_bars

    # What leads the terms is what products look for, as in the other commands.
    method = solver.solver(Auto(krylov=Krylov()) if by == "singular_value" else None)
    opened = network.open(model, input, target)
    position = choose_target(opened.lin.output, opened.target)
    with progress_bars(quiet) as progress:
        result = explain_at(
            opened.lin, read_layers(layer), position, method, solver.memory, progress
        )
    result = opened.named(result)
    expression = result.symbolic(n, by, reduced)
    if format == "json":
        print_json(expression, input_note=opened.given.note)
    else:
        text = expression.latex() if format == "latex" else expression.markdown()
        print(text.rstrip("\n"))
