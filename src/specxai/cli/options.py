"""Options that several commands share."""

from typing import Annotated

from cyclopts import Parameter

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
