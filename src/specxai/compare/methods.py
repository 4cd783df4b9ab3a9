"""Which methods are compared, in the order of the tables."""

from collections.abc import Sequence

from specxai.compare.attribution import Method
from specxai.compare.cam import cam_methods
from specxai.compare.captum import captum_attr
from specxai.compare.components import FAST_SEARCH, FULL_SEARCH, components_method
from specxai.compare.concepts import concept_methods
from specxai.compare.deep_lift import deep_lift_method
from specxai.compare.from_baseline import copies, from_baseline_methods
from specxai.compare.gradients import gradient_methods
from specxai.compare.kernel_shap import kernel_shap_method
from specxai.compare.lime import lime_method
from specxai.compare.relevance import relevance_method
from specxai.compare.zennit_relevance import zennit_method
from specxai.errors import InvalidInputError


def all_methods(layers: Sequence[str], fast: bool = False) -> tuple[Method, ...]:
    """Return the methods of others, and ours at each of the layers.

    Args:
        layers: addresses at which our components are taken.
        fast: fewer samples and products, by the same code.

    Raises:
        MissingExtraError: a package of the extra ``compare`` is not installed.
    """
    captum_attr()  # imported here, so that no method's time holds it
    search = FAST_SEARCH if fast else FULL_SEARCH
    others = (
        *gradient_methods(fast),
        deep_lift_method(),
        *cam_methods(),
        *concept_methods(),
        relevance_method(),
        zennit_method(),
        lime_method(fast),
        kernel_shap_method(fast),
    )
    counts = (3,) if fast else (1, 3)
    ours = (components_method(layer, n, search=search) for layer in layers for n in counts)
    through = (
        components_method(layer, 3, "contribution", search, from_baseline=True, average=average)
        for layer in layers
        for average in (1, copies(fast))
    )
    return (*others, *ours, *from_baseline_methods(fast), *through)


def choose_methods(methods: Sequence[Method], names: Sequence[str]) -> tuple[Method, ...]:
    """Return the methods of these names; a part of a name that only one has will do.

    Raises:
        InvalidInputError: there is no such method, or several.
    """
    return tuple(_choose(methods, name) for name in names)


def _choose(methods: Sequence[Method], name: str) -> Method:
    exact = [method for method in methods if method.name.lower() == name.lower()]
    fitting = exact or [method for method in methods if name.lower() in method.name.lower()]
    if len(fitting) != 1:
        known = ", ".join(repr(method.name) for method in methods)
        problem = "is no method" if not fitting else "stands for several methods"
        raise InvalidInputError(f"{name!r} {problem}: choose from {known}")
    return fitting[0]
