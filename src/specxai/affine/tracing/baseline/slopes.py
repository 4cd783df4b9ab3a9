"""Which rule makes an operation the affine map through both of its values.

A rule takes the two ends of a call, S (z − z₀) = f(z) − f(z₀) must hold for what it returns.
"""

from collections.abc import Callable

from specxai.affine.tracing.baseline.ends import Ends
from specxai.affine.tracing.rules import Operation

Maker = Callable[[Ends], Operation | None]

SECANTS: dict[str, Maker] = {}


def between(*operations: str) -> Callable[[Maker], Maker]:
    """Register the rule of some operations, by plain name.

    Args:
        operations: names as `specxai.affine.tracing.operations.operation_name` gives them.
    """

    def register(make: Maker) -> Maker:
        SECANTS.update(dict.fromkeys(operations, make))
        return make

    return register
