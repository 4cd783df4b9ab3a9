"""``specxai explain``."""

from pathlib import Path
from typing import Literal

from specxai.cli.app import app
from specxai.cli.options import Input, Model, RunOptions
from specxai.cli.output import output_folder
from specxai.cli.solver import ExplainOptions
from specxai.errors import InvalidInputError

_RESULTS = "explanation.png", "explanation.safetensors", "ledger.png"


@app.command
def explain(
    model: Model,
    input: Input,
    /,
    *,
    what: ExplainOptions = ExplainOptions(),  # noqa: B008, it is frozen
    details: bool = False,
    top: int = 3,
    ledger: bool = False,
    vectors: Literal["native", "float32", "float16", "none"] = "native",
    out: Path = Path("explanation"),
    run: RunOptions = RunOptions(),  # noqa: B008, it is frozen
) -> None:
    """Explain an output of a network: in words, in a figure, and in a file of the numbers.

    Without options the largest output is explained, at the last layer with positions, by the map
    from a baseline, with as many components as carry 90 % of it.

    Args:
        details: print σ, c, ψ and α of components, and all terms, in place of the answer in words.
        top: how many components to draw, by σ and by contribution.
        ledger: also attribute the bias to the operations that make it: a table and ledger.png.
        vectors: in how many digits the file keeps the singular vectors of the listed components.
        out: folder for explanation.png and explanation.safetensors.
    """
    from specxai.plots import explanation_figure, ledger_figure, save_figure
    from specxai.tables.answer import answer_of, answer_tables
    from specxai.tables.explanation import explanation_tables, summarize
    from specxai.tables.network import ledger_table, summarize_ledger

    if top < 1:
        raise InvalidInputError(f"--top {top}: draw at least 1 component")
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
        result.save(file, [part.k for part in summary.components], dtype=vectors)
        title = ": ".join(filter(None, (name, result.target_name)))
        save_figure(explanation_figure(result, given.image, top, title), figure)
        if ledger:
            account = result.ledger()
            numbers = more["ledger"] = summarize_ledger(account)
            tables.append(ledger_table(numbers))
            save_figure(ledger_figure(account, f"Bias ledger of {name}"), ledger_file)
    run.tell(summary, tables, [figure, file], input_note=given.note, **more)
