"""Options that several commands share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from specxai.table import Table

Model = Annotated[
    str,
    Parameter(
        help="torchvision:NAME, timm:NAME, demo:efficientnet-lite0|1|2, path/to/file.py:callable, "
        "a .pt2 file of torch.export, or an .onnx file."
    ),
]
Input = Annotated[
    str,
    Parameter(
        help="an image, .npy or .safetensors file (several tensors are arguments by name), or "
        "demo:chelsea|coffee|astronaut|rocket|china|flower."
    ),
]
Background = Annotated[
    str | None,
    Parameter(help="colour behind transparent pixels of a picture: white, black or #rrggbb."),
]
Layer = Annotated[
    str | None,
    Parameter(
        help="where to split, an address of 'specxai layers', or several with commas; the whole "
        "network if not given."
    ),
]
AnswerLayer = Annotated[
    str,
    Parameter(
        help="where to split, an address of 'specxai layers', or several with commas; auto takes "
        "the last cut with positions, else the last before the output; none the whole network."
    ),
]
Weights = Annotated[str, Parameter(help="'default', 'none' (random) or a state-dict FILE.")]
Classes = Annotated[
    Path | None,
    Parameter(
        help="a file of class names, one for each output: a line, a line 'number,name' of a .csv, "
        "or a list or object of a .json."
    ),
]
Overwrite = Annotated[
    bool, Parameter(negative="", help="Replace the results of an earlier run that are in --out.")
]
Quiet = Annotated[bool, Parameter(negative="", help="Show no progress.")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON in place of a table.")]


@Parameter(name="*")
@dataclass(frozen=True)
class ResultOptions:
    """How results are written and shown."""

    overwrite: Overwrite = False
    json: Json = False

    def tell(
        self,
        record: object,
        tables: "Sequence[Table]",
        written: Sequence[Path] = (),
        **more: object,
    ) -> None:
        """Print numbers as JSON; or as tables, and say what was written.

        Args:
            record: the numbers.
            tables: the same, for a person.
            written: files.
            more: entries of the JSON behind those of the record.
        """
        from specxai.terminal.printing import print_json, print_tables

        if self.json:
            print_json(record, **more)
            return
        print_tables(*tables)
        if written:
            print(f"wrote {' and '.join(map(str, written))}")


@Parameter(name="*")
@dataclass(frozen=True)
class RunOptions(ResultOptions):
    """How long work tells of itself, and how its results are written and shown."""

    quiet: Quiet = False
