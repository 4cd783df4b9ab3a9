"""``specxai explain``."""

from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.network import NetworkOptions
from specxai.cli.options import Input, Json, Layer, Model, Overwrite, Quiet
from specxai.cli.output import output_folder
from specxai.cli.reading import read_layers
from specxai.cli.solver import LeadingOptions
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
    ledger: bool = False,
    vectors: Literal["native", "float32", "float16", "none"] = "native",
    solver: LeadingOptions = LeadingOptions(),  # noqa: B008, it is frozen
    network: NetworkOptions = NetworkOptions(),  # noqa: B008, it is frozen
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
    from specxai.plots import explanation_figure, ledger_figure, save_figure
    from specxai.spectral import explain_at
    from specxai.tables.explanation import explanation_tables, summarize
    from specxai.tables.network import ledger_table, summarize_ledger
    from specxai.terminal.printing import print_json, print_tables
    from specxai.terminal.progress import progress_bars

    if top < 1:
        raise InvalidInputError(f"--top {top}: draw at least 1 component")
    with output_folder(out, _RESULTS, overwrite):
        method = solver.solver()
        opened = network.open(model, input, target)
        loaded, given, lin = opened.model, opened.given, opened.lin
        with progress_bars(quiet) as progress:
            result = explain_at(
                lin, read_layers(layer), opened.target, method, solver.memory, progress
            )
        named = loaded.class_name(result.target)
        result = result.named(loaded.name, named)
        summary = summarize(result, top, lin.output)
        account = result.ledger() if ledger else None
        biases = None if account is None else summarize_ledger(account)
        listed = [part.k for part in summary.components]
        result.save(out / "explanation.safetensors", listed, dtype=vectors)
        title = ": ".join(filter(None, (loaded.name, named)))
        save_figure(explanation_figure(result, given.image, top, title), out / "explanation.png")
        if account is not None:
            save_figure(ledger_figure(account, f"Bias ledger of {loaded.name}"), out / "ledger.png")
    if json:
        more = {} if biases is None else {"ledger": biases}
        print_json(summary, input_note=given.note, **more)
        return
    print_tables(*explanation_tables(summary))
    if biases is not None:
        print_tables(ledger_table(biases))
    print(f"wrote {out / 'explanation.png'} and {out / 'explanation.safetensors'}")
