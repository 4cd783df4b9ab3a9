"""Methods and components on pictures of known truth: planted, and learned from generated ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from specxai.cache import Cache
from specxai.compare import Instance, Method, Subject
from specxai.compare.comparison import attribute
from specxai.compare.components import FULL_SEARCH, explain_instance
from specxai.compare.metrics import Interval, Measure, bootstrap_mean
from specxai.compare.truth.planted import planted_networks
from specxai.compare.truth.recovery import (
    PRECISION,
    SHARE_ERROR,
    causes_found,
    pixel_precision,
    share_error,
)
from specxai.errors import LayerError
from specxai.progress import Progress, silent
from specxai_studies.training import TrainingPlan, train_network
from specxai_studies.truth.generated import LAST_CONVOLUTION, Kind, classifier, generate

# Components of largest |α| among which a planted cause is looked for.
_LOOKED_AT = 8
_PLAN = TrainingPlan(epochs=20, goal=0.02, rate=1.5e-3)
_HELD_OUT = 500


@dataclass(frozen=True, eq=False)
class Known:
    """A picture of which the truth is known.

    Attributes:
        kind: of the network, in tables.
        subject: the picture.
        truth: the pixels that the output depends on, shape (H, W).
        regions: where each cause is, shape (n, H, W); None where causes are not apart.
        shares: what each adds to y − y₀, shape (n,); None where that is not known.
    """

    kind: str
    subject: Subject
    truth: Bool[Tensor, "H W"]
    regions: Bool[Tensor, "n H W"] | None = None
    shares: Float[Tensor, " n"] | None = None


def planted(seeds: Sequence[int], cache: Cache | None = None) -> Iterator[Known]:
    """Yield the built networks, each with the pictures of some seeds; the baseline is zeros."""
    for seed in seeds:
        for each in planted_networks(seed):
            instance = Instance(each.model, each.x, 0, torch.zeros_like(each.x), each.layer, seed)
            subject = Subject(f"{each.name} {seed}", instance, cache=cache)
            yield Known(each.name, subject, each.causes.any(0), each.causes, each.shares)


def learned(
    kind: Kind,
    count: int,
    training: int,
    seed: int,
    cache: Cache,
    progress: Progress = silent,
) -> tuple[list[Known], float]:
    """Train a network on generated pictures, and return held-out ones that it gets right.

    Args:
        kind: of the pictures.
        count: of those that are returned, at most.
        training: how many the network learns from.
        seed: of pictures and weights.
        cache: where the trained network is kept.
        progress: told of each epoch.

    Returns:
        The pictures, and the share of the held-out ones that the network gets right.
    """
    data, held_out = generate(kind, training, 2 * seed), generate(kind, _HELD_OUT, 2 * seed + 1)
    network = train_network(
        f"generated-{kind}",
        classifier(seed),
        (data.x, data.classes),
        (held_out.x, held_out.classes),
        _PLAN,
        cache,
        progress,
        functional.cross_entropy,
    ).network
    with torch.no_grad():
        right = network(held_out.x).argmax(1) == held_out.classes
    found = []
    for n in right.nonzero()[:, 0].tolist()[:count]:
        x, target = held_out.x[n : n + 1], int(held_out.classes[n])
        instance = Instance(network, x, target, torch.zeros_like(x), LAST_CONVOLUTION, seed)
        subject = Subject(f"{kind} {n}", instance, cache=cache)
        found.append(Known(kind, subject, held_out.truth[n]))
    return found, float(right.double().mean())


@dataclass(frozen=True)
class Recovered:
    """How much of the truth was found, by kind of network.

    Attributes:
        methods: names, in the order of the tables.
        kinds: of networks.
        means: by label of the measure, method and kind; what does not apply is missing.
        chance: share of the picture that the truth covers, by kind.
        causes: planted causes that a single component finds, as a share, by map and kind.
    """

    methods: tuple[str, ...]
    kinds: tuple[str, ...]
    means: dict[tuple[str, str, str], Interval]
    chance: dict[str, float]
    causes: dict[tuple[str, str], float]


def recover(
    known: Sequence[Known], methods: Sequence[Method], progress: Progress = silent
) -> Recovered:
    """Measure methods, and our components, on pictures of which the truth is known."""
    listed: dict[tuple[str, str, str], list[float]] = {}
    found: dict[tuple[str, str], list[bool]] = {}
    for number, each in enumerate(known):
        for method in methods:
            for measure, value in _measured(each, method):
                listed.setdefault((measure.label, method.name, each.kind), []).append(value)
        for name, from_baseline in (("at x", False), ("from the baseline", True)):
            found.setdefault((name, each.kind), []).extend(_causes(each, from_baseline))
        progress("known truth", number + 1, len(known))
    kinds = tuple(dict.fromkeys(each.kind for each in known))
    covered = {
        kind: [float(each.truth.double().mean()) for each in known if each.kind == kind]
        for kind in kinds
    }
    return Recovered(
        tuple(method.name for method in methods),
        kinds,
        {key: bootstrap_mean(values) for key, values in listed.items()},
        {kind: sum(shares) / len(shares) for kind, shares in covered.items()},
        {key: sum(values) / len(values) for key, values in found.items() if values},
    )


def _measured(known: Known, method: Method) -> Iterator[tuple[Measure, float]]:
    """Yield what is measured of one method's map."""
    attribution = attribute(known.subject.instance, method, known.subject.cache)
    if attribution.map is None:
        return
    yield PRECISION, pixel_precision(attribution.map, known.truth)
    if attribution.total and known.regions is not None and known.shares is not None:
        yield SHARE_ERROR, share_error(attribution.map, known.regions, known.shares)


def _causes(known: Known, from_baseline: bool) -> list[bool]:
    """Tell of each planted cause whether one component finds it."""
    if known.regions is None or known.shares is None:
        return []
    instance = known.subject.instance
    try:
        ex = explain_instance(instance, instance.layer, 1, FULL_SEARCH, from_baseline)
    except LayerError:
        return [False] * len(known.shares)
    return causes_found(ex.contribution_maps(ex.top(_LOOKED_AT)), known.regions, known.shares)
