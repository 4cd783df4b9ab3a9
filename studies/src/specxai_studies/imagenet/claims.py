"""The paper's statements about image classifiers, put to the test on each photo."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from specxai.compare.metrics import area_of_energy
from specxai.report.claim import Claim, spread
from specxai.table import Table, cells
from specxai_studies.imagenet.findings import FOLLOWED, Classifier, Finding

# The statements that name a network are about these.
_PAPER = ("alexnet", "vgg11_bn")


@dataclass(frozen=True)
class Pair:
    """What one map of one network showed at its two layers, photo by photo.

    Attributes:
        classifier: the network.
        penultimate: at the layer before the output.
        convolution: at the last convolution.
    """

    classifier: Classifier
    penultimate: Sequence[Finding]
    convolution: Sequence[Finding]


def focus_claims(pairs: Sequence[Pair]) -> tuple[Claim, ...]:
    """Test what the paper says of the vectors of largest σ (2.1, Figure 1)."""
    focus = _by_place(pairs, _focus)
    trend = _by_place(pairs, _trend)
    return (
        Claim(
            "The singular vectors are mostly focused on the central object.",
            "2.1, Figure 1",
            "shown as images",
            f"Σ|map| on the object over its share of the area: {_by_network(focus, '.2f')}",
            all(median(values) > 1 for values in focus.values()),
        ),
        Claim(
            "The background becomes more prominent as σ decreases.",
            "2.1, Figure 1",
            "shown as images",
            f"rank correlation of k with Σ|map| beside the object, over the first {FOLLOWED}: "
            f"{_by_network(trend, '.2f')}",
            all(median(values) > 0 for values in trend.values()),
        ),
        Claim(
            "VGG11 is less focused on the background than AlexNet.",
            "2.1, Figure 1",
            "“somewhat”",
            f"Σ|map| on the object over its share of the area: {_by_network(focus, '.2f')}",
            _of_the_papers_networks(focus, lambda alexnet, vgg: vgg > alexnet),
        ),
    )


def share_claims(pairs: Sequence[Pair]) -> tuple[Claim, ...]:
    """Test what the paper says of the vectors of largest contribution (2.1, Figure 2)."""
    depth = _by_place(pairs, lambda f: float(median(f.by_share)))
    noise = _by_place(pairs, _added_noise)
    breadth = _by_place(pairs, lambda f: f.breadth)
    return (
        Claim(
            "The vectors of largest contribution come from further down the spectrum.",
            "2.1, Figure 2",
            "shown as spectra",
            f"median k of the first three after cancellation: {_by_network(depth, '.0f')}",
            all(median(values) > 1 for values in depth.values()),
        ),
        Claim(
            "They are noisier than those of largest σ.",
            "2.1, Figure 2",
            "shown as images",
            "differences between neighbouring pixels by size of the map, against the first three: "
            f"{_by_network(noise, '.2f')} times",
            all(median(values) > 1 for values in noise.values()),
        ),
        Claim(
            "The reduced spectrum of AlexNet is broader than that of VGG11.",
            "2.1, Figure 2",
            "shown as spectra",
            f"1 / Σ α̃²: {_by_network(breadth, '.1f')} equal shares",
            _of_the_papers_networks(breadth, lambda alexnet, vgg: alexnet > vgg),
        ),
    )


def convolution_claims(pairs: Sequence[Pair]) -> tuple[Claim, ...]:
    """Test what the paper says of the last convolution (2.1, Figure 3)."""
    areas = {p.classifier.name: _compare(p, lambda f: _area(f.maps(f.by_share))) for p in pairs}
    breadth = {p.classifier.name: _compare(p, lambda f: f.breadth) for p in pairs}
    return (
        Claim(
            "The vectors are more localised than those of the layer before the output.",
            "2.1, Figure 3",
            "shown as images",
            "smallest share of the pixels with 90 % of Σ map², against that layer's: "
            f"{_by_network(areas, '.2f')} times",
            all(median(values) < 1 for values in areas.values()),
        ),
        Claim(
            "The reduced spectra are generally sparser.",
            "2.1, Figure 3",
            "but for one of six",
            f"1 / Σ α̃², against that layer's: {_by_network(breadth, '.2f')} times",
            all(median(values) < 1 for values in breadth.values()),
        ),
    )


def contraction_claims(pairs: Sequence[Pair]) -> tuple[Claim, ...]:
    """Test what the paper says of contraction against averages (3.2, Figure 11)."""
    spreads, outside, cancelled = {}, {}, {}
    for pair in pairs:
        findings = [f for f in pair.penultimate if f.by_share]
        chosen = [(f.maps(f.by_share), f.averages(f.by_share), f.object) for f in findings]
        name = pair.classifier.name
        spreads[name] = [_area(mean) / _area(product) for product, mean, _ in chosen]
        outside[name] = [
            _inside(mean, ~where) / _inside(product, ~where) for product, mean, where in chosen
        ]
        cancelled[name] = [_cancelled(f, ~f.object) / _cancelled(f, f.object) for f in findings]
    return (
        Claim(
            "Averaged over the channels, the vectors are much more diffuse.",
            "3.2, Figure 11",
            "shown as images",
            "smallest share of the pixels with 90 % of Σ map², average against contraction: "
            f"{_by_network(spreads, '.2f')} times",
            all(median(values) > 1.2 for values in spreads.values()),
        ),
        Claim(
            "Averaged, they are more present on the background.",
            "3.2, Figure 11",
            "shown as images",
            f"Σ|map| beside the object: {_by_network(outside, '.2f')} times",
            all(median(values) > 1 for values in outside.values()),
        ),
        Claim(
            "On the background the channels cancel pixel by pixel, without small weights.",
            "3.2",
            "“a remarkable feature”",
            "share of Σ|φ ⊙ x| that cancels within a pixel, beside the object against on it: "
            f"{_by_network(cancelled, '.2f')} times",
            all(median(values) > 1 for values in cancelled.values()),
        ),
    )


def linear_table(at_x: Sequence[Pair], from_baseline: Sequence[Pair]) -> str:
    """Return in Markdown what share of the output each map decomposes, and how much cancels."""
    rows = []
    for name, pairs in (("map at x alone", at_x), ("map from the baseline", from_baseline)):
        explained = [each.explanation for pair in pairs for each in pair.penultimate]
        shares = [float(ex.linear / ex.output) for ex in explained]
        cancelled = [float(ex.contributions.abs().sum() / ex.linear.abs()) for ex in explained]
        rows.append(cells(name, spread(shares, ".2f"), spread(cancelled, ".1f")))
    columns = ("", "share of y that is linear in the input", "Σ|α| over its size")
    return Table(columns, tuple(rows)).markdown()


def _focus(finding: Finding) -> float:
    """Return Σ|map| on the object over the object's share of the area, of the first three."""
    area = float(finding.object.double().mean())
    return _inside(finding.maps(finding.by_sigma), finding.object) / area


def _trend(finding: Finding) -> float:
    """Return Spearman's rank correlation of k with the share of Σ|map| beside the object."""
    components = range(min(FOLLOWED, finding.explanation.rank))
    outside = torch.tensor([_inside(finding.maps([k]), ~finding.object) for k in components])
    ranks = outside.argsort(stable=True).argsort(stable=True).double()
    both = torch.stack([torch.arange(len(ranks), dtype=torch.float64), ranks])
    return float(torch.corrcoef(both)[0, 1])


def _inside(maps: Float[Tensor, "n H W"], where: Bool[Tensor, "H W"]) -> float:
    """Return the mean share of Σ|map| in a part of the picture."""
    sizes = maps.abs().double()
    return float((sizes[:, where].sum(1) / sizes.sum((1, 2))).mean())


def _area(maps: Float[Tensor, "n H W"]) -> float:
    """Return the mean of the smallest share of the pixels with 90 % of Σ map²."""
    return sum(area_of_energy(each) for each in maps) / len(maps)


def _added_noise(finding: Finding) -> float:
    """Return how much rougher the maps of largest share are than those of largest σ."""
    return _roughness(finding.maps(finding.by_share)) / _roughness(finding.maps(finding.by_sigma))


def _roughness(maps: Float[Tensor, "n H W"]) -> float:
    """Return the mean of Σ|differences between neighbours| / Σ|map|: its total variation."""
    steps = maps.diff(dim=1).abs().sum((1, 2)) + maps.diff(dim=2).abs().sum((1, 2))
    return float((steps / maps.abs().sum((1, 2))).mean())


def _cancelled(finding: Finding, where: Bool[Tensor, "H W"]) -> float:
    """Return the share of Σ|φ ⊙ x| that cancels between the channels of a pixel."""
    ex = finding.explanation
    products = (ex.right_vectors(finding.by_share) * ex.displacement)[..., where].double()
    return float(1 - (products.sum(1).abs().sum(1) / products.abs().sum((1, 2))).mean())


def _by_place(pairs: Sequence[Pair], measure: Callable[[Finding], float]) -> dict[str, list[float]]:
    """Return a measure at the layer before the output, photo by photo, by network."""
    return {pair.classifier.name: [measure(each) for each in pair.penultimate] for pair in pairs}


def _compare(pair: Pair, measure: Callable[[Finding], float]) -> list[float]:
    """Return a measure at the last convolution over that before the output, photo by photo."""
    both = zip(pair.convolution, pair.penultimate, strict=True)
    return [measure(early) / measure(late) for early, late in both if early.by_share]


def _by_network(values: Mapping[str, Sequence[float]], form: str) -> str:
    return ", ".join(f"{name} {spread(each, form)}" for name, each in values.items())


def _of_the_papers_networks(
    values: Mapping[str, Sequence[float]], judge: Callable[[float, float], bool]
) -> bool | None:
    """Judge a statement about AlexNet and VGG11 by medians; None for other networks."""
    if not all(name in values for name in _PAPER):
        return None
    alexnet, vgg = (median(values[name]) for name in _PAPER)
    return judge(alexnet, vgg)
