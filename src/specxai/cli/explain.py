"""``specxai explain``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import Parameter

from specxai.cli.app import app
from specxai.cli.many import expand_inputs, explain_each, tell_each
from specxai.cli.options import FigureOptions, Input, Model, RunOptions
from specxai.cli.output import output_folder
from specxai.cli.points import Faces, read_faces, write_points
from specxai.cli.reading import read_targets
from specxai.cli.solver import ExplainOptions
from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from specxai.cli.network import Opened
    from specxai.cli.points import Triangles
    from specxai.models import LoadedModel
    from specxai.spectral import Explanation
    from specxai.table import Table
    from specxai.tables.many import InputNumbers

_FILE, _POINTS, _LEDGER = "explanation.safetensors", "explanation.vtp", "ledger.png"


@Parameter(name="*")
@dataclass(frozen=True)
class Kept:
    """What is written of a result.

    Attributes:
        vectors: in how many digits the file keeps the singular vectors of the listed components.
        draw: how it is drawn.
    """

    vectors: Literal["native", "float32", "float16", "none"] = "native"
    faces: Faces = None
    draw: FigureOptions = FigureOptions()  # noqa: RUF009, it is frozen

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files that may be written."""
        return self.draw.file, _FILE, _POINTS

    def write(
        self,
        opened: "Opened",
        result: "Explanation",
        folder: Path,
        triangles: "Triangles | None" = None,
    ) -> list[Path]:
        """Write the figure and the file of a result, of points theirs too; return their paths."""
        from specxai.models.seen import picture_seen

        figure, file, cloud = (folder / name for name in self.files)
        title, given = ": ".join(filter(None, (result.model, result.target_name))), opened.given
        written = [figure, file]
        # What may fail comes first: a file alone would bar the next run from its folder.
        if write_points(result, triangles, self.draw.listed, title, figure, cloud):
            written.append(cloud)
        else:
            self.draw.draw(result, figure, given.image, picture_seen(opened.model, given))
        result.save(file, self.chosen(result), dtype=self.vectors)
        return written

    def chosen(self, result: "Explanation") -> list[int]:
        """Return the components whose vectors are drawn or kept."""
        from specxai.spectral import default_vectors
        from specxai.tables.explanation import summarize

        listed = (part.k for part in summarize(result, self.draw.listed).components)
        return sorted({*default_vectors(result).tolist(), *listed})


@app.command
def explain(
    model: Model,
    input: Input,
    /,
    *others: Input,
    what: ExplainOptions = ExplainOptions(),  # noqa: B008, it is frozen
    details: bool = False,
    ledger: bool = False,
    kept: Kept = Kept(),
    out: Path = Path("explanation"),
    run: RunOptions = RunOptions(),  # noqa: B008, it is frozen
) -> None:
    """Explain an output of a network: in words, in a figure, and in a file of the numbers.

    Without options the largest output is explained, at the last layer with positions, by the map
    from a baseline, with as many components as carry 90 % of it.

    Several inputs, or folders of them, are explained one after the other: a table, and a folder for
    each in --out; likewise several classes of one input, --target cat,dog.

    Points, an input of shape (1, points, 3), are drawn as such, and written to explanation.vtp.

    Args:
        others: further inputs.
        details: print σ, c, ψ and α of components, and all terms, in place of the answer in words.
        ledger: also attribute the bias to the operations that make it: a table and ledger.png.
        out: folder for explanation.png and explanation.safetensors.
    """
    loaded: "str | LoadedModel" = model
    targets: list[str] = []
    if "," in (what.target or ""):  # the model knows whether that is one name, or several
        loaded = what.network.load(model)
        targets = read_targets(loaded, what.target or "")
    if others or targets or Path(input).is_dir():
        if ledger or details:
            raise InvalidInputError("--ledger and --details tell of one input and output: give one")
        if targets and (others or Path(input).is_dir()):
            raise InvalidInputError("--target takes several classes for one input only")
        inputs = targets or expand_inputs([input, *others])
        _explain_each(loaded, input if targets else None, inputs, what, kept, out, run)
        return
    from specxai.tables.answer import tell
    from specxai.tables.explanation import summarize

    triangles = read_faces(kept.faces)
    with output_folder(out, (*kept.files, _LEDGER), run.overwrite):
        opened, result = what.explain(loaded, input, run.quiet)
        result.right_vectors(kept.chosen(result))  # in one run, for table, figure and file
        summary = summarize(result, kept.draw.listed)
        trust = None if details or result.target is None else result.trust()
        tables, more = tell(result, summary, details, trust)
        written = kept.write(opened, result, out, triangles)
        if ledger:
            tables.append(_write_ledger(result, out / _LEDGER, more))
    run.tell(summary, tables, written, input_note=opened.given.note, **more)


def _write_ledger(result: "Explanation", file: Path, more: dict[str, object]) -> "Table":
    from specxai.plots import ledger_figure, save_figure
    from specxai.tables.network import ledger_table, summarize_ledger

    account = result.ledger()
    numbers = more["ledger"] = summarize_ledger(account)
    save_figure(ledger_figure(account, f"Bias ledger of {result.model}"), file)
    return ledger_table(numbers)


def _explain_each(
    model: "str | LoadedModel",
    input: str | None,
    each: Sequence[str],
    what: ExplainOptions,
    kept: Kept,
    out: Path,
    run: RunOptions,
) -> None:
    """Explain many inputs of a model, which is loaded once, or many classes of one input."""
    from specxai.tables.many import summarize_input

    triangles = read_faces(kept.faces)
    loaded = what.network.load(model) if isinstance(model, str) else model

    def explain_one(name: str, folder: Path) -> "InputNumbers":
        asked = what if input is None else replace(what, target=name)
        opened, result = asked.explain(loaded, name if input is None else input, run.quiet)
        result.right_vectors(kept.chosen(result))
        kept.write(opened, result, folder, triangles)
        return summarize_input(name, folder.name, result, opened.given.note)

    rows = explain_each(each, out, kept.files, explain_one, run.overwrite, run.quiet)
    tell_each(rows, loaded.name, out, run)
