"""The paper's statements about cars and turbines, put to the test on held-out shapes."""

from collections.abc import Sequence
from statistics import median

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.report.claim import Claim, spread
from specxai.spectral import explain
from specxai_studies.shapes.cars.body import mirror_images
from specxai_studies.shapes.experiment import Experiment
from specxai_studies.shapes.findings import (
    FIRST,
    RANKINGS,
    Findings,
    antisymmetric_share,
    pairwise_cosine,
    part_shares,
)

_LEADING = 5


def map_claims(experiment: Experiment, findings: Findings) -> dict[int, tuple[Claim, ...]]:
    """Test what the paper says of the vectors, by the figure that shows it, on one map."""
    if experiment.shapes.name == "cars":
        apart: tuple[Claim, ...] = (symmetry_claim(symmetry(experiment, findings)),)
    else:
        apart = blades_claims(experiment, findings)
    return {
        4: apart,
        5: (similarity_claim(findings),),
        6: depth_claims(findings),
        10: (bias_claim(experiment, findings),),
    }


def accuracy_claim(experiment: Experiment) -> Claim:
    """Test whether the label is predicted well."""
    reached = experiment.accuracy["network"]
    return Claim(
        "The model is well trained and predicts with good accuracy.",
        "2.2",
        "“good accuracy”",
        f"R² on held-out shapes {spread(reached, '.3f')} over {len(reached)} splits; wanted .95",
        median(reached) >= 0.95,
    )


def similarity_claim(findings: Findings) -> Claim:
    """Test the order of generality of the first three vectors (Figure 5)."""
    common, ranked = (
        [pairwise_cosine(each) for each in findings.similarities[by]] for by in RANKINGS
    )
    return Claim(
        "The first vector is common across the data set, the next two less so.",
        "2.2, Figure 5",
        "shown as matrices",
        "mean |cosine| of the first, second, third vectors: "
        f"{_listed(common)} by σ, {_listed(ranked)} by contribution",
        common[0] > 0.5 and common[0] > common[1] > common[2],
    )


def depth_claims(findings: Findings) -> tuple[Claim, ...]:
    """Test how spectra change with depth (Figures 6 and 7)."""
    ends = [(each.layers[0], each.layers[-1]) for each in findings.evolutions]
    first, last = ([pair[end].effective_rank for pair in ends] for end in (0, 1))
    shares = [100 * pair[1].contribution_share for pair in ends]
    before = [100 * pair[0].contribution_share for pair in ends]
    return (
        Claim(
            "The spectrum narrows as the depth of the layer increases.",
            "2.2, Figures 6, 7",
            "shown as curves",
            f"effective rank of σ²: first layer {spread(first, '.1f')}, "
            f"penultimate {spread(last, '.1f')}",
            median(last) < median(first),
        ),
        Claim(
            "The penultimate layer uses the first vector almost exclusively.",
            "2.2, Figures 6, 7",
            "“almost exclusively”",
            f"share of the first in Σ|α|: {spread(shares, '.0f')} % at the penultimate layer, "
            f"{spread(before, '.0f')} % at the first",
            median(shares) > 90,
        ),
    )


def bias_claim(experiment: Experiment, findings: Findings) -> Claim:
    """Test whether biases carry the reconstruction (Figure 10)."""
    shares = [each.share_of_bias for each in findings.reconstructions]
    absolute = []
    for each in findings.reconstructions:
        carried = experiment.coordinates.metres(each.bias[None])[0]
        output = experiment.coordinates.metres((each.bias + each.linear)[None])[0]
        absolute.append(float((carried * output).sum() / output.square().sum()))
    return Claim(
        "The bias carries the bulk of the reconstruction.",
        "3.1, Figure 10",
        "shown as point clouds",
        f"share b·y / |y|²: {spread(shares, '.2f')} of scaled deviations from the mean shape, "
        f"{spread(absolute, '.2f')} of coordinates in m with the mean shape as a bias",
        median(shares) > 0.5,
    )


def symmetry(experiment: Experiment, findings: Findings) -> dict[str, Float[Tensor, " r"]]:
    """Return the antisymmetric share of each first-layer vector of a car, by initialisation."""
    images = mirror_images().tolist()
    ours = findings.explanations[0]
    both = {
        "trained in the modes": ours,
        "usual random start": explain(experiment.usual, ours.x, FIRST, 0, baseline=ours.baseline),
    }
    return {
        name: antisymmetric_share(each.right_vectors(range(each.rank)), images)
        for name, each in both.items()
    }


def symmetry_claim(shares: dict[str, Float[Tensor, " _"]]) -> Claim:
    """Test whether vectors of cars respect the symmetry of the design."""
    ours, usual = (100 * values for values in shares.values())
    return Claim(
        "The vectors of cars respect the symmetry of the design.",
        "2.2, Figures 4, 6",
        "shown as pictures",
        f"antisymmetric energy, leading {_LEADING} vectors by σ and the others: "
        f"{ours[:_LEADING].mean():.1f} % and {ours[_LEADING:].mean():.1f} % trained in "
        f"the modes; {usual[:_LEADING].mean():.1f} % and {usual[_LEADING:].mean():.1f} % with the "
        "usual random start, which gets no antisymmetric gradient",
        float(usual[:_LEADING].mean()) < 5,
    )


def blades_claims(experiment: Experiment, findings: Findings) -> tuple[Claim, ...]:
    """Test whether blades are treated apart, and what parts that bear no label are given."""
    parts = dict(experiment.shapes.parts)
    alike, control, gradient = [], [], []
    for explanation in findings.explanations:
        top = explanation.top(1, "contribution")
        first = explanation.right_vectors(top)[0]
        shares = part_shares(first, parts)
        heat = explanation.heatmaps(top, dim=2)[0]
        blades = torch.stack([heat[parts[f"blade {k}"]] for k in (1, 2, 3)])
        cosines = torch.corrcoef(blades)[[0, 0, 1], [1, 2, 2]]
        alike.append(float(cosines.mean()))
        control.append(100 * (shares["tower"] + shares["nacelle"]))
        whole = part_shares(explanation.linearization.vjp(torch.ones(1, 1))[0], parts)
        gradient.append(100 * (whole["tower"] + whole["nacelle"]))
    return (
        Claim(
            "The top vector of turbines does not treat the blades alike.",
            "2.2, Figure 7",
            "shown as pictures",
            f"mean correlation between the heat maps of two blades: {spread(alike, '.2f')} (alike: "
            "1)",
            median(alike) < 0.5,
        ),
        Claim(
            "Parts that cannot matter, tower and nacelle, get less than their share of points.",
            "not in the paper",
            "not tested",
            f"energy there: {spread(control, '.0f')} % of the first vector, "
            f"{spread(gradient, '.0f')} % of the gradient; 14 % of the points",
            median(control) < 14 and median(gradient) < 14,
        ),
    )


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in values)
