"""One output of a network at many inputs, each a sum of components (8–20)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from specxai.affine import Linearization, default_layer, fingerprint
from specxai.affine.baselines import Baseline
from specxai.affine.many import (
    Batch,
    Batches,
    LinearMaps,
    cotangents_of,
    joined,
    maps_of,
)
from specxai.affine.products.batched import BatchedJacobian
from specxai.affine.products.numerics import full_precision
from specxai.affine.target import Target
from specxai.affine.tracing.conventions import RuleChoice
from specxai.affine.tracing.given import Model
from specxai.affine.tracing.network import run_from, run_until
from specxai.affine.tracing.precision import Precision
from specxai.affine.tracing.root import Forward
from specxai.errors import NotEnoughMemoryError
from specxai.progress import Progress, silent
from specxai.spectral.explanations import Components, Explanations
from specxai.spectral.files.saving import versions
from specxai.spectral.files.schema import SCHEMA
from specxai.spectral.files.stored import Record
from specxai.spectral.records.features import Groups, Names, Units, read_features
from specxai.spectral.records.parts import About
from specxai.spectral.split import Split, split
from specxai.spectral.svd.batched import active_rows, batched_svd

# What the rows of one batch may take, in bytes; and the shorter side of R, which decomposes it.
_BATCH_BYTES, _MOST = 2**28, 4096


@full_precision()
def explain_many(
    model: Model,
    xs: Float[Tensor, "n ..."] | np.ndarray,
    layer: str = "auto",
    target: Target = None,
    rule: RuleChoice = "tangent",
    *,
    forward: Forward | None = None,
    precision: Precision = "native",
    baseline: Baseline = None,
    scale: object = None,
    vectors: int = 8,
    feature_names: Names | None = None,
    units: Units | None = None,
    groups: Groups | None = None,
    names_dim: int | None = None,
    progress: Progress = silent,
) -> Explanations:
    """Explain one output at many inputs by all their components: the exact way of `explain`.

    A pass forward and one back serve many inputs at once, and their small Jacobians are decomposed
    together. Results are those of `explain` with ``method="exact"``, to rounding. Where samples
    of a batch disturb each other, or a rule holds for one input only, they are taken one by one.

    Args:
        model: as `explain` takes it, like all that is not described here.
        xs: the inputs, shape (n, *input), n at least 1.
        layer: address of the layer of the split; ``auto`` as in `explain`.
        target: the explained output; None takes the largest of each input.
        rule: how operations that are not piecewise linear become affine.
        forward: calls the model and returns the tensor to explain.
        precision: ``native`` or ``double``.
        baseline: x₀, one for all inputs: ``zero``, a tensor such as the mean of the data, or
            ``mean``, that of a scale which knows it.
        scale: how much each value of an input varies, as in `explain`.
        vectors: of so many components of largest |α| the singular vectors are kept.
        feature_names: names of the input's values, shared by all results.
        units: their units.
        groups: of inputs that belong together.
        names_dim: dimension of x whose positions are named.
        progress: called with a stage's name, the inputs done and all.

    Raises:
        NotEnoughMemoryError: a layer is too large to be decomposed exactly.
        SpecxaiError: see `explain` and `linearize_many`.

    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> several = explain_many(net.eval(), torch.randn(5, 3), layer="1", baseline="zero")
    >>> len(several), several[2].layer
    (5, '1')
    """
    loaded = None if isinstance(model, torch.nn.Module) else model
    if loaded is not None:
        loaded.check_target(target)
    batches = Batches.of(model, xs, rule, forward, precision, baseline, scale)
    first = batches.first
    layer = default_layer(first) or "" if layer == "auto" else layer
    features = read_features(first.x.shape[1:], (feature_names, units, groups, names_dim), scale)
    at_first = split(first, layer, target)
    maps, parts = [], []
    for each in batches.split(_batch_size(first, at_first), progress):
        found = maps_of(each, target)
        maps.append(found)
        part = _decompose(each, layer, found, vectors, batches.scale)
        cut = at_first.cut
        parts.append(replace(part, bypass=torch.zeros_like(part.bypass)) if cut else part)
    all_maps = joined(maps, batches)
    names = tuple(loaded.class_name(t) if loaded else None for t in all_maps.targets)
    return Explanations(
        maps=all_maps,
        components=_joined(parts),
        about=_about(first, at_first, loaded.name if loaded else type(first.model).__name__),
        names=names,
        features=features,
        scale=batches.scale,
        record=_record(first),
    )


def _batch_size(first: Linearization, at_first: Split) -> int:
    """Return how many inputs are decomposed together, by the rows that the first has.

    Raises:
        NotEnoughMemoryError: it has too many.
    """
    right = at_first.right
    rows = right.shape[0] if right.shape[1] <= right.shape[0] else int(right.active.sum())
    if min(rows, right.shape[1]) > _MOST:
        raise NotEnoughMemoryError(
            f"{at_first.layer} has {rows:,} active units at the first input: many inputs are "
            f"decomposed exactly up to {_MOST:,}; choose a later layer, or explain each by "
            "products, method='krylov'"
        )
    bytes_each = 8 * 3 * max(rows, 1) * right.shape[1] + first.sample_bytes
    return max(1, _BATCH_BYTES // bytes_each)


def _decompose(
    batch: Batch,
    layer: str,
    maps: LinearMaps,
    vectors: int,
    scale: Float[Tensor, "1 ..."] | None,
) -> Components:
    """Decompose R of each input of a batch, and weigh its components by L (17–20)."""
    addresses, n = (layer,), len(batch.x)
    right = BatchedJacobian(partial(run_until, batch.network, addresses), batch.x)
    z = right.value.reshape(n, -1)
    rest = BatchedJacobian(lambda z: run_from(batch.network, addresses, batch.x, z), z)
    weights = rest.pull(cotangents_of(rest.value, maps.targets)).double()
    units, rows = active_rows(right)
    image = (rows @ maps.displacement.reshape(n, -1, 1))[..., 0]  # R (x − x₀)
    if scale is not None:
        rows = rows * scale.double().reshape(1, 1, -1)
    U, sigma, V = batched_svd(rows, torch.finfo(batch.x.dtype).eps)
    own = weights.gather(1, units.clamp(min=0)) * (units >= 0)  # L on the active units
    c = (U.mT @ image[..., None])[..., 0]
    sign = torch.where(c < 0, -1.0, 1.0)
    psi = (own[:, None] @ U)[:, 0] * sign
    kept = (psi * c).abs().argsort(stable=True, dim=1, descending=True)[:, : max(vectors, 0)]
    rank = (sigma > 0).sum(1)
    kept = torch.where(kept < rank[:, None], kept, sigma.shape[1])  # last, to be left out
    kept = kept.sort(1).values
    return Components(
        rank=rank,
        active=(rows != 0).any(2).sum(1),
        singular_values=sigma,
        psi=psi,
        coefficients=c.abs(),
        bypass=maps.linear - (own * image).sum(1),
        kept=kept,
        right=_chosen(V * sign[:, None], kept).reshape(n, -1, *batch.x.shape[1:]).to(batch.x),
        left=_spread(_chosen(U * sign[:, None], kept), units, z.shape[1]).reshape(
            n, -1, *right.value.shape[1:]
        ),
    )


def _chosen(columns: Float[Tensor, "n a r"], kept: Int[Tensor, "n v"]) -> Float[Tensor, "n v a"]:
    """Return some columns of each matrix as rows."""
    padded = torch.nn.functional.pad(columns, (0, 1))
    return padded.gather(2, kept[:, None].expand(-1, columns.shape[1], -1)).mT


def _spread(
    values: Float[Tensor, "n v a"], units: Int[Tensor, "n a"], count: int
) -> Float[Tensor, "n v m"]:
    """Put values of the active units to their places among all."""
    full = values.new_zeros(*values.shape[:2], count + 1)
    places = torch.where(units >= 0, units, count)[:, None].expand_as(values)
    return full.scatter_(2, places, values)[..., :count]


def _joined(parts: Sequence[Components]) -> Components:
    """Put batches together, in rows of the longest."""
    if len(parts) == 1:
        return parts[0]
    longest = max(part.singular_values.shape[1] for part in parts)
    most = max(part.kept.shape[1] for part in parts)
    return Components(**dict(_columns(parts, longest, most)))


def _columns(parts: Sequence[Components], longest: int, most: int) -> Iterator[tuple[str, Tensor]]:
    for name in ("rank", "active", "bypass"):
        yield name, torch.cat([getattr(part, name) for part in parts])
    for name in ("singular_values", "psi", "coefficients"):
        yield name, torch.cat([_padded(getattr(part, name), longest, 0) for part in parts])
    yield "kept", torch.cat([_padded(part.kept, most, longest) for part in parts])
    for name in ("right", "left"):
        yield name, torch.cat([_padded(getattr(part, name), most, 0) for part in parts])


def _padded(values: Tensor, length: int, value: int) -> Tensor:
    short = length - values.shape[1]
    fill = values.new_full((len(values), short, *values.shape[2:]), value)
    return torch.cat([values, fill], 1)


def _about(first: Linearization, at_first: Split, model: str) -> About:
    return About(
        model=model,
        target=None,
        layer=at_first.layer,
        cut=at_first.cut,
        unit_count=at_first.right.shape[0],
        active_count=0,
        baseline_name=first.baseline_name,
        exactness=first.exactness,
        conventional=first.conventional,
        precision=first.precision,
        method="exact",
        note="",
    )


def _record(first: Linearization) -> Record:
    return Record(
        schema=SCHEMA,
        versions=versions(),
        fingerprint=fingerprint(first.model),
        input_hash="",
        vectors_dtype=str(first.x.dtype).removeprefix("torch."),
        ties=(),
    )
