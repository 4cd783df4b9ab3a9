"""The command line: ``specxai layers`` and ``specxai explain``.

What a command needs is imported inside it, so that ``specxai --help`` answers at once.
"""

import json as json_format
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

from cyclopts import App, CycloptsError, Parameter

from specxai import __version__
from specxai.errors import InvalidInputError, SpecxaiError

if TYPE_CHECKING:
    from specxai.affine import Layers, Linearization, Precision, Target
    from specxai.models import LoadedInput, LoadedModel

app = App(
    name="specxai",
    version=__version__,
    help="Explain trained PyTorch networks exactly, by their singular vectors at an input.",
)

Weights = Annotated[str, Parameter(help="'default', 'none' (random) or a state-dict FILE.")]
Device = Annotated[str, Parameter(help="Where to compute: cpu, cuda, mps, …")]
Rule = Annotated[
    str,
    Parameter(
        help="How operations that are not piecewise linear become affine: tangent, secant, or by "
        "operation and module, such as 'secant,gelu=tangent,head.*=tangent'."
    ),
]
Memory = Annotated[
    str | None,
    Parameter(help="What may be taken beside the model, such as 2GiB; else what is free."),
]
Quiet = Annotated[bool, Parameter(negative="", help="Show no progress.")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON in place of a table.")]


@app.command
def layers(
    model: str,
    input: str | None = None,
    /,
    *,
    rule: Rule = "tangent",
    weights: Weights = "default",
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """List the layers a network can be split at, with their active units on an input.

    Args:
        model: torchvision:NAME, timm:NAME, demo:efficientnet-lite0, path/to/file.py:callable, a
            .pt2 file of torch.export, or an .onnx file.
        input: an image, .npy or .safetensors file, or demo:chelsea; seeded noise if not given and
            the model's input shape is known (which that of a .py model is not).
    """
    from dataclasses import asdict

    from specxai.affine import count_active_units
    from specxai.app.tables import layers_table, print_wide
    from specxai.models import example_input, load_input, load_model

    loaded = load_model(model, weights)
    given = load_input(input, loaded) if input is not None else example_input(loaded)
    lin = _linearize(loaded, given, device, rule)
    active = count_active_units(lin)
    if json:
        rows = [
            {**asdict(layer), "units": layer.units, "active": active.get(layer.address)}
            for layer in lin.layers
        ]
        print(json_format.dumps({"model": loaded.name, "input": given.name, "layers": rows}))
    else:
        print_wide(layers_table(f"{loaded.name} on {given.name}", lin.layers, active))


@app.command
def explain(
    model: str,
    input: str,
    /,
    *,
    layer: str | None = None,
    target: str | None = None,
    top: int = 3,
    method: Literal["auto", "exact", "krylov"] = "auto",
    components: int = 8,
    by: Literal["singular_value", "contribution"] = "singular_value",
    tol: float = 1e-4,
    memory: Memory = None,
    scratch: Path | None = None,
    precision: Literal["native", "double"] = "native",
    rule: Rule = "tangent",
    ledger: bool = False,
    weights: Weights = "default",
    device: Device = "cpu",
    out: Path = Path("explanation"),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Explain an output of a network: a table, a figure and a file of the numbers.

    Args:
        model: torchvision:NAME, timm:NAME, demo:efficientnet-lite0, path/to/file.py:callable, a
            .pt2 file of torch.export, or an .onnx file.
        input: an image, .npy or .safetensors file, or demo:chelsea|coffee|astronaut|rocket.
        layer: where to split, an address of 'specxai layers', or several with commas; the whole
            network if not given.
        target: output to explain, by number or class name; numbers with commas for more
            dimensions. If not given: the largest of a row of outputs; all of them without --layer.
        top: how many components to draw, by σ and by contribution.
        method: exact computes all components, krylov the leading ones by products; auto the exact
            ones where they fit in memory and take no more than 10 minutes.
        components: how many components krylov looks for.
        by: what they lead in.
        tol: largest accepted relative residual of an iterative component.
        scratch: a folder for what does not fit in memory.
        precision: native computes in the model's dtype, double in float64.
        ledger: also attribute the bias to the operations that make it: a table and ledger.png.
        out: folder for explanation.png and explanation.safetensors.
    """
    from specxai.app.progress import progress_bars
    from specxai.app.summary import summarize, summarize_ledger
    from specxai.app.tables import explanation_table, ledger_table, print_wide
    from specxai.models import load_input, load_model
    from specxai.plots import explanation_figure, ledger_figure, save_figure
    from specxai.spectral import Options, explain_at

    if top < 1:
        raise InvalidInputError(f"--top {top}: draw at least 1 component")
    options = Options(method, components, by, tol, memory=memory, scratch=scratch)
    loaded = load_model(model, weights)
    position = _target(loaded, target)
    given = load_input(input, loaded)
    lin = _linearize(loaded, given, device, rule, precision)
    with progress_bars(quiet) as progress:
        result = explain_at(lin, _layers(layer), position, options, progress)
    result = replace(result, model=loaded.name)
    summary = summarize(result, loaded, lin.output, top)
    account = result.ledger() if ledger else None
    if account is not None:
        summary["ledger"] = summarize_ledger(account)
    title = ": ".join(filter(None, (loaded.name, summary["class"])))
    figure = explanation_figure(result, given.image, top, title)
    _make_folder(out)
    result.save(out / "explanation.safetensors", [part["k"] for part in summary["components"]])
    save_figure(figure, out / "explanation.png")
    if account is not None:
        save_figure(ledger_figure(account, f"Bias ledger of {loaded.name}"), out / "ledger.png")
    if json:
        print(json_format.dumps(summary))
        return
    print_wide(explanation_table(summary))
    if account is not None:
        print_wide(ledger_table(summary["ledger"]))
    print(f"wrote {out / 'explanation.png'} and {out / 'explanation.safetensors'}")


@app.command
def bench(
    case: str | None = None,
    /,
    *,
    pairs: int = 3,
    out: Path = Path("benchmarks/results.json"),
    table: Path | None = None,
) -> None:
    """Measure this machine: ours against what a user could put together, in turns.

    Args:
        case: one case; all of them if not given, which takes hours.
        pairs: how many times each method runs.
        out: the record, to which each case is added when it is done.
        table: write the table of the record to this file, and measure nothing.
    """
    from specxai.benchmarks import PROGRAM, read, record, run_contest
    from specxai.benchmarks import table as as_table
    from specxai.files import write_atomically

    if table is not None:
        write_atomically(table, as_table(read(out)).encode())
        return
    chosen = [entry for entry in PROGRAM if case in (None, entry.case)]
    if not chosen:
        names = ", ".join(dict.fromkeys(entry.case for entry in PROGRAM))
        raise InvalidInputError(f"no case {case!r}: choose from {names}")
    for entry in chosen:
        contest = run_contest(
            entry.case, entry.ours, entry.peers, pairs, options=entry.options, report=print
        )
        _make_folder(out.parent)
        record(out, contest)


def _linearize(
    model: "LoadedModel",
    given: "LoadedInput",
    device: str,
    rule: str,
    precision: "Precision" = "native",
) -> "Linearization":
    """Bring model and input to one device and dtype, and find the affine map."""
    import torch

    from specxai.affine import linearize

    try:
        module = model.module.to(torch.device(device))
        x = given.tensor.to(torch.device(device))
    except (RuntimeError, AssertionError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise InvalidInputError(f"--device {device} is not to be had here: {reason}") from fault
    weight = next((p for p in module.parameters() if p.is_floating_point()), x)
    return linearize(module, x.to(weight.dtype), _rules(rule), precision=precision)


def _layers(text: str | None) -> "Layers":
    """Read where to split: one address, or several with commas between."""
    names = [part.strip() for part in (text or "").split(",")]
    return names[0] or None if len(names) == 1 else names


def _target(model: "LoadedModel", text: str | None) -> "Target":
    """Read a target: a class name, a number, or numbers with commas."""
    parts = [part.strip() for part in (text or "").split(",")]
    if text is None:
        return None
    if len(parts) > 1 and all(part.isdigit() for part in parts):
        return tuple(int(part) for part in parts)
    return int(text) if text.isdigit() else model.class_index(text)


def _rules(text: str) -> "RuleChoice":
    """Read rules: a convention, or pairs pattern=convention with commas between."""
    pairs = [part.strip().rpartition("=") for part in text.split(",")]
    choices = {pattern or "*": convention for pattern, _, convention in pairs}
    return cast("RuleChoice", choices)  # linearize checks the conventions


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SpecxaiError(f"cannot make the folder {path}: {fault.strerror}") from fault


def main() -> None:
    """Run the command line; every expected fault is one line on standard error and exit code 2."""
    try:
        app(exit_on_error=False, print_error=False)
    except (SpecxaiError, CycloptsError) as fault:
        print(f"specxai: {' '.join(str(fault).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("specxai: interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)
