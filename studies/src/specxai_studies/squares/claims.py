"""The paper's statements about the squares, put to the test on several images."""

from collections.abc import Sequence
from statistics import median

from jaxtyping import Float
from torch import Tensor

from specxai.report.claim import Claim, spread
from specxai_studies.squares.findings import Data, Finding


def spectrum_claims(data: Data, findings: Sequence[Finding]) -> tuple[Claim, ...]:
    """Test what the paper says of the network without biases (2.3, Figure 8)."""
    ours = [_above(finding.explanation.singular_values) for finding in findings]
    theirs = _above(data.singular_values)
    dominance = [float(f.ordered[0] / f.ordered[1].clamp(min=1e-9)) for f in findings]
    third = [float(f.ordered[2:].sum() / f.ordered[0]) for f in findings]
    first = [f.explanation.coefficients.argmax().item() for f in findings]
    likeness = [float(f.likeness[:2].mean()) for f in findings]
    fullest = [f.fullest for f in findings]
    return (
        Claim(
            "The spectrum of the operator falls much faster than that of the data.",
            "2.3, Figures 8a, 8b",
            "shown as curves",
            f"σ above 1 % of the largest: {spread(ours, '.0f')} of the operator, {theirs} of the "
            "data",
            max(ours) < theirs / 4,
        ),
        Claim(
            "One coefficient c dominates; a second one corrects; all others are far below.",
            "2.3",
            "25, 5, and ≪ 1",
            f"{_coefficients(findings)}; first by second {spread(dominance, '.1f')}, "
            f"all others together by first {spread(third, '.2f')}",
            median(dominance) > 2 and median(third) < 0.2,
        ),
        Claim(
            "It does not belong to the largest singular value.",
            "2.3",
            "component 1",
            f"component {spread(first, '.0f')}",
            median(first) > 0,
        ),
        Claim(
            "The fullest square is not the first vector.",
            "2.3, Figure 8c",
            "the second one",
            f"left vector most like the image: component {spread(fullest, '.0f')}",
            median(fullest) > 0,
        ),
        Claim(
            "Left and right vectors are complementary, but differ much.",
            "2.3, Figure 8c",
            "shown as images",
            f"|φ·U| of the first two: {spread(likeness, '.2f')}",
            0.1 < median(likeness) < 0.9,
        ),
    )


def bias_claims(data: Data, findings: Sequence[Finding]) -> tuple[Claim, ...]:
    """Test what the paper says of the network with biases (3.1, Figure 9)."""
    bias, linear, output = (
        [float(part.norm()) for part in parts]
        for parts in zip(*((f.bias, f.linear, f.explanation.output) for f in findings), strict=True)
    )
    shares = [f.share_of_bias for f in findings]
    edges = [f.share_at_edges for f in findings]
    concentration = [share / area for share, area in edges]
    last = [list(f.decoder.values())[-1] for f in findings]
    cosine = [abs(_cosine(image, data.vectors[0])) for image in last]
    return (
        Claim(
            "The bias terms generate the bulk of the output.",
            "3.1, Figure 9",
            "shown as images",
            f"share b·y / |y|² of the output: {spread(shares, '.2f')}; |b| {spread(bias, '.1f')}, "
            f"|u·x| {spread(linear, '.1f')}, |y| {spread(output, '.1f')}",
            min(shares) > 0.5,
        ),
        Claim(
            "The singular vectors only correct the edges.",
            "3.1, Figure 9b",
            "shown as images",
            f"{spread([100 * share for share, _ in edges], '.0f')} % of |u·x|² lies within 3 "
            f"pixels of an edge, on {spread([100 * area for _, area in edges], '.0f')} % of the "
            "area",
            median(concentration) > 2,
        ),
        Claim(
            "The bias of the last decoder layer aligns with the first vector of the data.",
            "3.1, Figure 9a",
            "“nicely”",
            f"|cosine| {spread(cosine, '.2f')}",
            median(cosine) > 0.7,
        ),
    )


def dead_units(findings: Sequence[Finding]) -> str:
    """Say how many directions the operators have: one for each open unit of the middle."""
    return spread([finding.explanation.rank for finding in findings], ".0f")


def _above(sigma: Float[Tensor, " r"], share: float = 0.01) -> int:
    return int((sigma > share * sigma[0]).sum())


def _coefficients(findings: Sequence[Finding]) -> str:
    """Return the three largest c, each with its spread."""
    columns = zip(*(f.ordered[:3].tolist() for f in findings), strict=True)
    return ", ".join(spread(list(column), ".1f") for column in columns)


def _cosine(a: Tensor, b: Tensor) -> float:
    return float(a.double() @ b.double() / (a.norm() * b.norm()))
