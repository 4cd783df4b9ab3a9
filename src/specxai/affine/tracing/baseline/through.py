"""From the two ends of a call to the affine map through both."""

from specxai.affine.tracing.baseline.ends import Ends
from specxai.affine.tracing.baseline.quadrature import completed
from specxai.affine.tracing.baseline.slopes import SECANTS
from specxai.affine.tracing.operations import numbers
from specxai.affine.tracing.rules import Operation


def through_both(ends: Ends) -> Operation:
    """Return the affine map of an operation with f(z) − f(z₀) = S (z − z₀).

    Operations without a rule, and options that their rule does not know, are completed.
    """
    if not numbers(ends.value):  # a comparison, or a position
        return ends.operation
    make = SECANTS.get(ends.name)
    found = None if make is None else make(ends)
    return completed(ends) if found is None else found
