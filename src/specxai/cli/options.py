"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

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
Wrt = Annotated[
    str | None,
    Parameter(
        help="which of several tensors in a .safetensors file to explain, by name; the only "
        "floating-point one if not given. The others are held fixed."
    ),
]
Layer = Annotated[
    str | None,
    Parameter(
        help="where to split, an address of 'specxai layers', or several with commas; the whole "
        "network if not given."
    ),
]
MethodName = Annotated[
    Literal["auto", "exact", "krylov"],
    Parameter(
        help="exact computes all components, krylov the leading ones by products; auto the exact "
        "ones where they fit in memory and take no more than 10 minutes."
    ),
]
Components = Annotated[
    int,
    Parameter(help="how many components krylov looks for."),
]
Lead = Annotated[
    Literal["singular_value", "contribution"],
    Parameter(help="what they lead in."),
]
Tolerance = Annotated[
    float,
    Parameter(help="largest accepted relative residual of an iterative component."),
]
Scratch = Annotated[
    Path | None,
    Parameter(help="a folder for what does not fit in memory."),
]
Digits = Annotated[
    Literal["native", "double"],
    Parameter(help="native computes in the model's dtype, double in float64."),
]
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
Overwrite = Annotated[
    bool, Parameter(negative="", help="Replace the results of an earlier run that are in --out.")
]
Quiet = Annotated[bool, Parameter(negative="", help="Show no progress.")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON in place of a table.")]
