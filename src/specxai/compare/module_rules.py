"""Networks that methods with one rule for each module would take, and attribute wrongly."""

from torch import Tensor, nn

from specxai.affine import Linearization
from specxai.affine.tracing.network import parse_address
from specxai.errors import UnsupportedOperationError

# Relevance is conserved: a sum so much larger than the output is none.
_EXPLODED = 1e3
# Functions through which relevance goes as gradients go; rules are for modules only.
_SAME = frozenset(
    "flatten reshape view squeeze unsqueeze permute transpose contiguous clone cat stack relu "
    "dropout".split()
)


def check_modules(lin: Linearization, method: str, reusable: tuple[type, ...] = ()) -> None:
    """Refuse what is computed outside modules, and modules that run several times.

    Args:
        lin: the network at the input.
        method: whose and what, such as "Captum's LRP".
        reusable: kinds of modules that may run again, for their rule keeps nothing.

    Raises:
        UnsupportedOperationError: relevance would go wrong; the message says where.
    """
    leaves = leaf_modules(lin.model)
    for layer in lin.layers:
        path, call = parse_address(layer.address)
        if call > 1 and path in leaves and not isinstance(leaves[path], reusable):
            raise UnsupportedOperationError(
                f"{method} keeps one rule and one input a module, and {path} runs several times"
            )
    for site in lin.sites:
        if (site.module not in leaves or not site.module) and site.operation not in _SAME:
            raise UnsupportedOperationError(
                f"{method} has rules for modules, and {site.module or 'the network'} calls "
                f"{site.operation} as a function: relevance would not be conserved there"
            )


def check_size(relevance: Tensor, output: float) -> None:
    """Refuse relevance that a weighted sum near zero has blown up.

    Args:
        relevance: of every value of the input.
        output: y, which it was at the start.

    Raises:
        UnsupportedOperationError: its sum is many times the output.
    """
    total = float(relevance.sum())
    if not abs(total) <= _EXPLODED * abs(output):
        raise UnsupportedOperationError(
            f"LRP explodes: relevance adds up to {total:.1e}, where y is {output:.3g}"
        )


def leaf_modules(model: nn.Module) -> dict[str, nn.Module]:
    """Return the modules that have none inside, by path."""
    return {name: module for name, module in model.named_modules() if not any(module.children())}
