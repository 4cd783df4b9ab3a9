"""``specxai explain``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from specxai.cli.app import app
from specxai.cli.many import expand_inputs, explain_each, tell_each
from specxai.cli.options import Input, Model, RunOptions
from specxai.cli.output import output_folder
from specxai.cli.solver import ExplainOptions
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai.models import LoadedInput
    from specxai.spectral import Explanation
    from specxai.tables.many import InputNumbers

_Vectors = Literal["native", "float32", "float16", "none"]
_RESULTS = "explanation.png", "explanation.safetensors", "ledger.png"


@app.command
def explain(
    model: Model,
    input: Input,
    /,
    *others: Input,
    what: ExplainOptions = ExplainOptions(),  # noqa: B008, it is frozen
    details: bool = False,
    top: int = 3,
    ledger: bool = False,
    vectors: _Vectors = "native",
    out: Path = Path("explanation"),
    run: RunOptions = RunOptions(),  # noqa: B008, it is frozen
) -> None:
    """Explain an output of a network: in words, in a figure, and in a file of the numbers.

    Without options the largest output is explained, at the last layer with positions, by the map
    from a baseline, with as many components as carry 90 % of it.

    Several inputs, or folders of them, are explained one after the other: a table, and a folder for
    each in --out.

    Args:
        others: further inputs.
        details: print σ, c, ψ and α of components, and all terms, in place of the answer in words.
        top: how many components to draw, by σ and by contribution.
        ledger: also attribute the bias to the operations that make it: a table and ledger.png.
        vectors: in how many digits the file keeps the singular vectors of the listed components.
        out: folder for explanation.png and explanation.safetensors.
    """
    from specxai.plots import ledger_figure, save_figure
    from specxai.tables.answer import answer_of, answer_tables
    from specxai.tables.explanation import explanation_tables, summarize
    from specxai.tables.network import ledger_table, summarize_ledger

    if top < 1:
        raise InvalidInputError(f"--top {top}: draw at least 1 component")
    if others or Path(input).is_dir():
        if ledger or details:
            raise InvalidInputError("--ledger and --details tell of one input: give one")
        _explain_each(model, expand_inputs([input, *others]), what, top, vectors, out, run)
        return
    figure, file, ledger_file = (out / name for name in _RESULTS)
    with output_folder(out, _RESULTS, run.overwrite):
        opened, result = what.explain(model, input, run.quiet)
        name, given = opened.model.name, opened.given
        result = result.named(name, opened.model.class_name(result.target))
        summary = summarize(result, top)
        more: dict[str, object] = {}
        if details or result.target is None:
            tables = [*explanation_tables(summary)]
        else:
            answer = answer_of(result, result.trust())
            tables, more["answer"] = [*answer_tables(answer, result)], answer
        _write(result, given, out, top, vectors)
        if ledger:
            account = result.ledger()
            numbers = more["ledger"] = summarize_ledger(account)
            tables.append(ledger_table(numbers))
            save_figure(ledger_figure(account, f"Bias ledger of {name}"), ledger_file)
    run.tell(summary, tables, [figure, file], input_note=given.note, **more)


def _write(
    result: "Explanation", given: "LoadedInput", folder: Path, top: int, vectors: _Vectors
) -> None:
    """Write the figure and the file of an explanation."""
    from specxai.plots import explanation_figure, save_figure
    from specxai.tables.explanation import summarize

    kept = [part.k for part in summarize(result, top).components]
    result.save(folder / "explanation.safetensors", kept, dtype=vectors)
    title = ": ".join(filter(None, (result.model, result.target_name)))
    figure = explanation_figure(result, given.image, top, title)
    save_figure(figure, folder / "explanation.png")


def _explain_each(
    model: str,
    inputs: Sequence[str],
    what: ExplainOptions,
    top: int,
    vectors: _Vectors,
    out: Path,
    run: RunOptions,
) -> None:
    """Explain many inputs of a model, which is loaded once."""
    from specxai.tables.many import summarize_input

    loaded = what.network.load(model)

    def explain_one(input: str, folder: Path) -> "InputNumbers":
        opened, result = what.explain(loaded, input, run.quiet)
        result = result.named(loaded.name, opened.model.class_name(result.target))
        _write(result, opened.given, folder, top, vectors)
        return summarize_input(input, folder.name, result, opened.given.note)

    rows = explain_each(inputs, out, _RESULTS[:2], explain_one, run.overwrite, run.quiet)
    tell_each(rows, loaded.name, out, run)
