"""Options that several commands share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from specxai.errors import InvalidInputError

if TYPE_CHECKING:
    from PIL.Image import Image

    from specxai.spectral import Decomposition
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
        help="an image, .npy or .safetensors file (several tensors are arguments by name), a .csv "
        "table (see --row), or demo:chelsea|coffee|astronaut|rocket|china|flower."
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
class FigureOptions:
    """How a result is drawn.

    Attributes:
        maps: contribution draws what each place adds to the output; product the paper's φ ⊙ x and
            the spectra, where red says that the input agrees with a direction.
        top: how many components to draw at most.
        figure: png, or svg or pdf for a report: vectors, with text as text.
        dpi: dots an inch; 300 for print.
    """

    maps: Literal["contribution", "product"] = "contribution"
    top: int | None = None
    figure: Literal["png", "svg", "pdf"] = "png"
    dpi: int = 150

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise InvalidInputError(f"--top {self.top}: draw at least 1 component")
        if self.dpi < 1:
            raise InvalidInputError(f"--dpi {self.dpi}: give 1 or more, such as 300")

    @property
    def file(self) -> str:
        """The name of the figure's file."""
        return f"explanation.{self.figure}"

    @property
    def listed(self) -> int:
        """How many components each ranking of a table lists."""
        return self.top or 3

    def draw(
        self,
        result: "Decomposition",
        file: Path,
        image: "Image | None" = None,
        seen: "Image | None" = None,
    ) -> None:
        """Draw a result to a file.

        Args:
            result: the explanation.
            file: where to.
            image: the picture that the input was made from.
            seen: the same as the network sees it.
        """
        from specxai.plots import answer_figure, explanation_figure, save_figure

        if self.maps == "product" or result.target is None:
            title = ": ".join(filter(None, (result.model, result.target_name)))
            figure = explanation_figure(result, image, self.listed, title)
        else:
            figure = answer_figure(result, image, seen, top=self.top or 6)
        save_figure(figure, file, self.dpi)


@Parameter(name="*")
@dataclass(frozen=True)
class RunOptions(ResultOptions):
    """How long work tells of itself, and how its results are written and shown."""

    quiet: Quiet = False
