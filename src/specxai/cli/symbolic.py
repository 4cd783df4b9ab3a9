"""``specxai symbolic``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from specxai.cli.app import app
from specxai.cli.options import Device, Memory, Quiet, Rule, Weights
from specxai.cli.reading import linearized, read_layers, read_names, read_target


@app.command
def symbolic(
    model: str,
    input: str,
    /,
    *,
    layer: str | None = None,
    target: str | None = None,
    n: Annotated[int, Parameter(name=["-n", "--terms"])] = 5,
    by: Literal["contribution", "singular_value", "reduced"] = "contribution",
    reduced: Annotated[bool, Parameter(negative="")] = False,
    names: Path | None = None,
    format: Literal["markdown", "latex", "json"] = "markdown",
    method: Literal["auto", "exact", "krylov"] = "auto",
    components: int = 8,
    memory: Memory = None,
    scratch: Path | None = None,
    precision: Literal["native", "double"] = "native",
    rule: Rule = "tangent",
    weights: Weights = "default",
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Write an output of a network as an equation: few terms, what they leave out, and the bias.

    Args:
        model: torchvision:NAME, timm:NAME, demo:efficientnet-lite0, path/to/file.py:callable, a
            .pt2 file of torch.export, or an .onnx file.
        input: an image, .npy or .safetensors file, or demo:chelsea|coffee|astronaut|rocket.
        layer: where to split, an address of 'specxai layers', or several with commas; the whole
            network if not given.
        target: output to explain, by number or class name; numbers with commas for more
            dimensions. If not given: the largest of a row of outputs.
        n: how many terms to show.
        by: what they lead in.
        reduced: let contributions of opposite sign cancel first.
        names: a .csv file with a name for each input value, and its unit behind a comma.
        format: markdown tables, one equation in LaTeX, or json.
        method: exact computes all components, krylov the leading ones by products; auto the exact
            ones where they fit in memory and take no more than 10 minutes.
        components: how many components krylov looks for.
        scratch: a folder for what does not fit in memory.
        precision: native computes in the model's dtype, double in float64.
    """
    from specxai.affine import choose_target
    from specxai.app.progress import progress_bars
    from specxai.models import load_input, load_model
    from specxai.spectral import Options, explain_at

    options = Options(method, components, memory=memory, scratch=scratch)
    features, units = (None, None) if names is None else read_names(names)
    loaded = load_model(model, weights)
    position = read_target(loaded, target)
    lin = linearized(loaded, load_input(input, loaded), device, rule, precision)
    position = choose_target(lin.output, position)
    with progress_bars(quiet) as progress:
        result = explain_at(lin, read_layers(layer), position, options, progress)
    result = replace(result, model=loaded.name)
    found = result.symbolic(n, by, reduced, feature_names=features, units=units)
    if format == "markdown":
        print(found.markdown(), end="")
    else:
        print(found.latex() if format == "latex" else json.dumps(found.to_dict()))
