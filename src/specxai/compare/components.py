"""Our own attribution: the leading components at a layer, as one map."""

from dataclasses import dataclass
from functools import partial

from jaxtyping import Float
from torch import Size, Tensor

from specxai.affine import linearize
from specxai.compare.attribution import Instance, Method
from specxai.compare.from_baseline import NOISE
from specxai.errors import LayerError
from specxai.spectral import Explanation, Krylov, explain_at
from specxai.spectral.records.decomposition import Ranking
from specxai.spectral.svd.exact import find_active


@dataclass(frozen=True)
class Search:
    """How components are found, and when that is enough.

    Attributes:
        most_units: a layer is decomposed exactly where active units or inputs are at most so many,
        work: and active units, times the values computed for one sample, at most this.
        components: how many of largest |α| are looked for elsewhere, by products.
        products: how many may be made.
        tol: largest relative residual of a component.
    """

    most_units: int = 4096
    work: float = 2e10
    components: int = 16
    products: int = 400
    tol: float = 0.01

    def __str__(self) -> str:
        return (
            f"of all where active units or inputs are at most {self.most_units:,} and active units "
            f"times the values of a sample at most {self.work:.0e}; else of the {self.components} "
            f"of largest |α|, or what {self.products} products find of them, to {self.tol:.0%}"
        )


FULL_SEARCH = Search()
FAST_SEARCH = Search(work=1e9, components=8, products=64, tol=0.05)

_LEAD = {"reduced": "after cancellation (21)", "contribution": "by |α|", "singular_value": "by σ"}


def components_method(
    layer: str,
    n: int,
    by: Ranking = "reduced",
    search: Search = FULL_SEARCH,
    from_baseline: bool = False,
    average: int = 1,
) -> Method:
    """Return the sum of the n leading components at a layer.

    The map is Σ_k ψ_k σ_k φ_k ⊙ x over the n components (25). Over all of them, at a cut, it is
    gradient × input: what is left out is what is said to be of less weight.

    Args:
        layer: address of the layer.
        n: how many components.
        by: what they lead in; ``reduced`` is what remains when opposite signs have cancelled (21).
        search: how they are found.
        from_baseline: take the map from the instance's baseline, and x − x₀ for x.
        average: how many noisy copies of x the map from the baseline is averaged over.
    """
    at = partial(
        components_method,
        n=n,
        by=by,
        search=search,
        from_baseline=from_baseline,
        average=average,
    )

    def values(instance: Instance) -> Tensor:
        weights, vectors = _leading(instance, layer, n, by, search, from_baseline, average)
        step = instance.x - instance.baseline if from_baseline else instance.x
        return (weights * vectors).sum(0, keepdim=True) * step

    if from_baseline:
        averaged = "" if average == 1 else "averaged, "
        over = "" if average == 1 else f", averaged over {average} noisy inputs,"
        return Method(
            f"specxai from the baseline, {averaged}first {n} at {layer}",
            values,
            "y − y₀",
            f"Σ ψσφ ⊙ (x − x₀) over the {n} leading of the map from the baseline{over} "
            f"{_LEAD[by]}, {search}. The error is what the others add",
            layer,
            at,
        )
    several = f"{n} leading components" if n > 1 else "leading component"
    return Method(
        f"specxai top {n} at {layer}",
        values,
        "u·x",
        f"Σ ψσφ ⊙ x over the {several} {_LEAD[by]}, {search}. The error is what the others add: "
        "at a cut, all together are gradient × input",
        layer,
        at,
    )


def leading_maps(
    instance: Instance, layer: str, n: int, by: Ranking = "reduced", search: Search = FULL_SEARCH
) -> Float[Tensor, "n H W"]:
    """Return the maps ψ_k σ_k Σ_c φ_k ⊙ x of the n leading components at a layer (23, 25)."""
    weights, vectors = _leading(instance, layer, n, by, search)
    return (weights * vectors * instance.x).double().sum(1)


def _leading(
    instance: Instance,
    layer: str,
    n: int,
    by: Ranking,
    search: Search,
    from_baseline: bool = False,
    average: int = 1,
) -> tuple[Float[Tensor, "n 1 1 1"], Float[Tensor, "n C H W"]]:
    """Return ψ σ and φ of the leading components; fewer if cancellation leaves fewer.

    Products push and pull tangents through a part of the network, where calls of the whole cannot
    be counted: each is one pass, beside those of `linearize` and the gradients of the output.
    """
    with instance.passes.by_hand():
        ex = explain_instance(instance, layer, n, search, from_baseline, average)
        top = ex.top(n, by=by)
        weights = (ex.psi * ex.singular_values)[top].to(instance.x)
        vectors = ex.right_vectors(top)
    done = ex.split.right.products
    instance.passes.forward += average * done.pushed
    instance.passes.backward += average * (done.pulled + 2)  # ∂y/∂x, and L_j = ∂y/∂z
    return weights.reshape(-1, 1, 1, 1), vectors


def explain_instance(
    instance: Instance,
    layer: str,
    n: int,
    search: Search,
    from_baseline: bool = False,
    average: int = 1,
) -> Explanation:
    """Decompose the network at a layer, and count the passes.

    Args:
        instance: what is to be explained.
        layer: address of the layer.
        n: how many components are wanted at least.
        search: how they are found.
        from_baseline: take the map from the instance's baseline.
        average: over how many noisy copies of x such a map is averaged.

    Raises:
        LayerError: the products find fewer.
    """
    start = instance.baseline if from_baseline else None
    lin = linearize(
        instance.model,
        instance.x,
        baseline=start,
        average=average,
        noise=NOISE,
        seed=instance.seed,
    )
    probe = lin.right(layer)
    active = len(find_active(probe))
    work = average * active * sum(Size(site.shape).numel() for site in lin.sites)
    small = min(active, instance.x.numel()) <= search.most_units and work <= search.work
    # linearize runs the network three times, and from a baseline twice more and once for products;
    # for each noisy copy once to see what it gives, and those three times.
    runs = (6 if from_baseline else 3) + (4 * average if average > 1 else 0)
    instance.passes.forward += runs + average * probe.products.pushed
    wanted = max(n, search.components)
    products = Krylov(wanted, "contribution", search.tol, search.products, seed=instance.seed)
    ex = explain_at(lin, layer, instance.target, "exact" if small else products)
    if ex.rank < n and ex.method == "krylov":
        raise LayerError(
            f"{search.products} products find {ex.rank} of {n} components at {layer}: "
            "choose a later layer, or allow more products"
        )
    return ex
