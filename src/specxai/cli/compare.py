"""``specxai compare``."""

from pathlib import Path
from typing import TYPE_CHECKING

from specxai.cli.app import app
from specxai.cli.many import expand_inputs
from specxai.cli.options import Background, Classes, Input, Json, Model, Quiet, Weights
from specxai.cli.output import output_folder
from specxai.cli.reading import read_list, read_target
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai.report.comparison import Compared


@app.command
def compare(
    model: Model,
    /,
    *inputs: Input,
    images: Path | None = None,
    masks: Path | None = None,
    metrics: bool = False,
    layers: str | None = None,
    target: str | None = None,
    methods: str | None = None,
    fast: bool = False,
    seed: int = 0,
    background: Background = None,
    weights: Weights = "default",
    classes: Classes = None,
    out: Path = Path("comparison"),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Explain one output of each input by other methods and by ours: figures and tables.

    Args:
        images: a folder of pictures, or of prepared tensors, to add to the inputs.
        masks: a folder of pictures of the same names, white where the object is; of the input's
            size where it is a prepared tensor.
        metrics: also measure every method and our components over all inputs, on mosaics of them
            where there are four classes, and by asking the network: tables in report.md, and
            metrics.png.
        layers: where to take our components, addresses of 'specxai layers' with commas; if not
            given, the last convolution and the layer before the output.
        target: output to explain, by number (-1 is the last) or class name; if not given, the
            largest.
        methods: only these, by name or a part of it, with commas.
        fast: fewer samples, products and measurements, by the same code.
        seed: of the methods that sample.
        out: folder for report.md and the figures, and for finished methods, which are not
            repeated.
    """
    from specxai.models import load_model
    from specxai.report.comparison import Wishes, run_comparison
    from specxai.terminal.progress import progress_bars

    with output_folder(out):
        loaded = load_model(model, weights, classes)
        specs = [*inputs, *_inputs_of(images)]
        addresses = None if layers is None else tuple(read_list(layers))
        names = None if methods is None else tuple(read_list(methods))
        chosen = read_target(loaded, target)
        wishes = Wishes(
            chosen, addresses, names, fast, seed, metrics, weights != "none", background
        )
        with progress_bars(quiet) as progress:
            outcome = run_comparison(loaded, specs, masks, wishes, out, progress)
    if json:
        _print_json(outcome)
    else:
        _show(outcome)


def _print_json(outcome: "Compared") -> None:
    from specxai.tables.comparison import summarize_comparison
    from specxai.tables.components import summarize_components
    from specxai.terminal.printing import print_json
    from specxai.typed_json import plain

    summaries = {
        title: plain(summarize_comparison(each, outcome.about))
        | {"input_note": outcome.notes[title]}
        for title, each in outcome.results.items()
    }
    print_json(
        {
            "inputs": summaries,
            "metrics": outcome.evaluation,
            "components": summarize_components(outcome.components),
        }
    )


def _show(outcome: "Compared") -> None:
    from specxai.tables.comparison import comparison_table
    from specxai.tables.components import component_tables
    from specxai.tables.metrics import metrics_tables
    from specxai.terminal.printing import print_tables

    for title, each in outcome.results.items():
        print_tables(comparison_table(each, title))
        if outcome.notes[title]:
            print(outcome.notes[title])
    if outcome.evaluation is not None:
        print_tables(*metrics_tables(outcome.evaluation))
    if outcome.components is not None:
        print_tables(*component_tables(outcome.components))
    print(f"wrote {outcome.report}")


def _inputs_of(folder: Path | None) -> list[str]:
    """List the inputs in a folder, by name."""
    if folder is None:
        return []
    if not folder.is_dir():
        raise InvalidInputError(f"--images {folder} is no folder")
    return expand_inputs([str(folder)])
