"""Options that several commands share."""

from typing import Annotated

from cyclopts import Parameter

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
Weights = Annotated[str, Parameter(help="'default', 'none' (random) or a state-dict FILE.")]
Overwrite = Annotated[
    bool, Parameter(negative="", help="Replace the results of an earlier run that are in --out.")
]
Quiet = Annotated[bool, Parameter(negative="", help="Show no progress.")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON in place of a table.")]
