"""``specxai explain``."""

import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.options import (
    Background,
    Components,
    Device,
    Digits,
    Input,
    Json,
    Layer,
    Lead,
    Memory,
    MethodName,
    Model,
    Overwrite,
    Quiet,
    Rule,
    Scratch,
    Tolerance,
    Weights,
    Wrt,
)
from specxai.cli.output import output_folder
from specxai.cli.reading import linearized, read_input, read_layers, read_target
from specxai.errors import InvalidInputError

_RESULTS = "explanation.png", "explanation.safetensors", "ledger.png"


@app.command
def explain(
    model: Model,
    input: Input,
    /,
    *,
    layer: Layer = None,
    target: str | None = None,
    top: int = 3,
    method: MethodName = "auto",
    components: Components = 8,
    by: Lead = "singular_value",
    tol: Tolerance = 1e-4,
    memory: Memory = None,
    scratch: Scratch = None,
    precision: Digits = "native",
    rule: Rule = "tangent",
    ledger: bool = False,
    vectors: Literal["native", "float32", "float16", "none"] = "native",
    background: Background = None,
    wrt: Wrt = None,
    weights: Weights = "default",
    device: Device = "cpu",
    out: Path = Path("explanation"),
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Explain an output of a network: a table, a figure and a file of the numbers.

    Args:
        target: output to explain, by number or class name; numbers with commas for more
            dimensions. If not given: the largest of a row of outputs; all of them without --layer.
        top: how many components to draw, by σ and by contribution.
        ledger: also attribute the bias to the operations that make it: a table and ledger.png.
        vectors: in how many digits the file keeps the singular vectors of the listed components.
        out: folder for explanation.png and explanation.safetensors.
    """
    from specxai.models import load_model
    from specxai.plots import explanation_figure, ledger_figure, save_figure
    from specxai.spectral import Options, explain_at
    from specxai.terminal.progress import progress_bars
    from specxai.terminal.summary import summarize, summarize_ledger
    from specxai.terminal.tables import explanation_table, ledger_table, print_wide

    if top < 1:
        raise InvalidInputError(f"--top {top}: draw at least 1 component")
    with output_folder(out, _RESULTS, overwrite):
        options = Options(method, components, by, tol, memory=memory, scratch=scratch)
        loaded = load_model(model, weights)
        position = read_target(loaded, target)
        given = read_input(input, loaded, background, wrt)
        lin = linearized(loaded, given, device, rule, precision)
        with progress_bars(quiet) as progress:
            result = explain_at(lin, read_layers(layer), position, options, progress)
        named = loaded.class_name(result.target)
        result = replace(result, model=loaded.name, target_name=named)
        summary = summarize(result, top, lin.output) | {"input_note": given.note}
        account = result.ledger() if ledger else None
        if account is not None:
            summary["ledger"] = summarize_ledger(account)
        listed = [part["k"] for part in summary["components"]]
        result.save(out / "explanation.safetensors", listed, dtype=vectors)
        title = ": ".join(filter(None, (loaded.name, named)))
        save_figure(explanation_figure(result, given.image, top, title), out / "explanation.png")
        if account is not None:
            save_figure(ledger_figure(account, f"Bias ledger of {loaded.name}"), out / "ledger.png")
    if json:
        print(json_format.dumps(summary))
        return
    print_wide(explanation_table(summary))
    if account is not None:
        print_wide(ledger_table(summary["ledger"]))
    print(f"wrote {out / 'explanation.png'} and {out / 'explanation.safetensors'}")
