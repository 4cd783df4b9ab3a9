"""``specxai symbolic``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from specxai.cli.app import app
from specxai.cli.options import (
    Background,
    Components,
    Device,
    Digits,
    Input,
    Layer,
    Memory,
    MethodName,
    Model,
    Quiet,
    Rule,
    Scratch,
    Weights,
    Wrt,
)
from specxai.cli.reading import linearized, read_input, read_layers, read_names, read_target


@app.command
def symbolic(
    model: Model,
    input: Input,
    /,
    *,
    layer: Layer = None,
    target: str | None = None,
    n: Annotated[int, Parameter(name=["-n", "--terms"])] = 5,
    by: Literal["contribution", "singular_value", "reduced"] = "contribution",
    reduced: Annotated[bool, Parameter(negative="")] = False,
    names: Path | None = None,
    format: Literal["markdown", "latex", "json"] = "markdown",
    method: MethodName = "auto",
    components: Components = 8,
    memory: Memory = None,
    scratch: Scratch = None,
    precision: Digits = "native",
    rule: Rule = "tangent",
    background: Background = None,
    wrt: Wrt = None,
    weights: Weights = "default",
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Write an output of a network as an equation: few terms, what they leave out, and the bias.

    Args:
        target: output to explain, by number or class name; numbers with commas for more
            dimensions. If not given: the largest of a row of outputs.
        n: how many terms to show.
        by: what they lead in.
        reduced: let contributions of opposite sign cancel first.
        names: a .csv file with a name for each input value, and its unit behind a comma.
        format: markdown tables, one equation in LaTeX, or json.
    """
    from specxai.affine import choose_target
    from specxai.models import load_model
    from specxai.spectral import Options, explain_at
    from specxai.terminal.progress import progress_bars

    options = Options(method, components, memory=memory, scratch=scratch)
    features, units = (None, None) if names is None else read_names(names)
    loaded = load_model(model, weights)
    position = read_target(loaded, target)
    given = read_input(input, loaded, background, wrt)
    lin = linearized(loaded, given, device, rule, precision)
    position = choose_target(lin.output, position)
    with progress_bars(quiet) as progress:
        result = explain_at(lin, read_layers(layer), position, options, progress)
    result = replace(result, model=loaded.name)
    found = result.symbolic(n, by, reduced, feature_names=features, units=units)
    if format == "markdown":
        print(found.markdown(), end="")
    else:
        print(
            found.latex()
            if format == "latex"
            else json.dumps({**found.to_dict(), "input_note": given.note})
        )
