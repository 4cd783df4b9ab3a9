"""The study from training to report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional

from specxai.cache import Cache
from specxai.errors import InvalidInputError
from specxai.progress import Progress, silent
from specxai.report.claim import side_by_side
from specxai.report.page import Section, write_report
from specxai.table import Table, cells
from specxai_studies.squares.autoencoder import build_autoencoder
from specxai_studies.squares.claims import bias_claims, dead_units, spectrum_claims
from specxai_studies.squares.figures import figure_8, figure_9, training_figure
from specxai_studies.squares.findings import Finding, decompose_data, find
from specxai_studies.squares.images import random_squares
from specxai_studies.training import Trained, TrainingPlan, train_autoencoder


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Attributes:
        images: to train on.
        held_out: to measure the error on.
        explained: of the held-out images that are decomposed.
        epochs: at most.
        goal: held-out error at which the training stops.
        batch: images in a step.
    """

    images: int
    held_out: int
    explained: int
    epochs: int
    goal: float
    batch: int


FULL = Scale(4000, 500, 12, 60, 1e-4, 64)
FAST = Scale(1500, 100, 4, 16, 5e-4, 32)

_OPENING = """
White squares of 32 × 32 pixels on 64 × 64 black ones, turned at random, go through fully connected
auto-encoders, 4096–512–128–8–128–512–4096 with ReLU: one without biases, one with. The whole
network is decomposed at each of {explained} held-out images, by two maps: the one at x alone, as
in the paper, y = u·x + b, and the one from a baseline, y = y₀ + u·(x − x₀), with the black image
for x₀, which is the background of every square. Each statement is put to the test on both by the
same criterion, which was set for the map at x alone. Numbers are medians over the images, with the
range in brackets. Written by `{command}`.
"""


def run_squares(
    folder: Path,
    fast: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Path:
    """Train both networks, decompose them, and write figures and a report.

    Args:
        folder: an existing folder; finished trainings are kept in its folder ``cache``.
        fast: less data and fewer epochs, by the same code.
        seed: of the data, the weights and the order of the samples.
        progress: told of each epoch and each decomposition.

    Returns:
        The path of report.md.

    Raises:
        InvalidInputError: from this seed a network learns nothing.
    """
    scale = FAST if fast else FULL
    images = random_squares(scale.images, 2 * seed)
    held_out = random_squares(scale.held_out, 2 * seed + 1)
    trained = _train(images, held_out, scale, seed, Cache.at(folder / "cache"), progress)
    explained = list(held_out[: scale.explained])
    unbiased, biased = (
        [find(each.network, explained, baseline) for baseline in (None, "zero")]
        for each in trained.values()
    )
    data = decompose_data(images)
    command = f"specxai study squares{' --fast' if fast else ''}"
    curves = {name: each.errors for name, each in trained.items()}
    sections = [
        Section("Training", _training(trained), {"training": training_figure(curves, scale.goal)}),
        Section(
            "Figure 8: without biases",
            _UNBIASED.format(directions=dead_units(unbiased[0]), difference=_difference(*unbiased)),
            {"figure-8": figure_8(data, unbiased[0][0])},
            side_by_side(*(spectrum_claims(data, findings) for findings in unbiased)),
        ),
        Section(
            "Figure 9: with biases",
            f"Directions of the operator: {dead_units(biased[0])} at x alone, "
            f"{dead_units(biased[1])} from the black image. {_RATES}\n{_BLACK}",
            {"figure-9": figure_9(biased[0][0]), "figure-9-from-black": figure_9(biased[1][0])},
            side_by_side(*(bias_claims(data, findings) for findings in biased)),
        ),
    ]
    opening = _OPENING.format(explained=scale.explained, command=command)
    return write_report(folder, "Rotated squares", opening, sections)


_RATES = """
How much the biases carry depends on the training. Here they learn four times as fast as the
weights, and these at a highest rate of 5e-3. Trained at 2e-3 to the same error, biases no faster,
the network of the full form has norms of b and u·x of 8.8 and 24.2: there the weights carry the
bulk, and the paper's statements about biases do not hold. Without biases a rate of 5e-3 closes all
middle units but one.
"""

_BLACK = """
From the black image y₀ is what the network makes of black, the same for every square; x − x₀ is the
square itself.
"""

_UNBIASED = """
Directions of the operator, one for each open middle unit: {directions}. Without biases the network
is homogeneous, f(t x) = t f(x) for t > 0, and gives black for black: the slope from there to x is
that at x, and the two maps are one. Their largest difference in σ is {difference:.0e} of the
largest σ.
"""


def _difference(at_x: Sequence[Finding], from_black: Sequence[Finding]) -> float:
    """Return the largest difference of σ between two maps, over the largest σ."""
    pairs = [
        (one.explanation.singular_values, other.explanation.singular_values)
        for one, other in zip(at_x, from_black, strict=True)
    ]
    padded = [(a, functional.pad(b, (0, len(a) - len(b)))) for a, b in pairs]
    return max(float((a - b).abs().max() / a[0]) for a, b in padded)


def _train(
    images: torch.Tensor,
    held_out: torch.Tensor,
    scale: Scale,
    seed: int,
    cache: Cache,
    progress: Progress,
) -> dict[str, Trained]:
    unbiased = TrainingPlan(scale.epochs, scale.goal, scale.batch, seed=seed)
    biased = replace(unbiased, rate=5e-3, haste=4.0)
    trained = {
        name: train_autoencoder(
            name, build_autoencoder(biases, seed), images, held_out, plan, cache, progress
        )
        for name, biases, plan in (
            ("without-biases", False, unbiased),
            ("with-biases", True, biased),
        )
    }
    constant = float((held_out - images.mean(0)).square().mean())
    for name, each in trained.items():
        if each.errors[-1] > constant / 2:  # all units of a layer have closed
            raise InvalidInputError(
                f"the network {name} learned nothing from seed {seed}: held-out error "
                f"{each.errors[-1]:.1e}, that of the mean image {constant:.1e}; give another --seed"
            )
    return trained


def _training(trained: Mapping[str, Trained]) -> str:
    rows = (
        cells(
            name.replace("-", " "),
            f"{each.errors[-1]:.1e}",
            str(len(each.errors)),
            f"{each.seconds:.0f} s",
        )
        for name, each in trained.items()
    )
    return Table(("network", "held-out error", "epochs", "time"), tuple(rows)).markdown()
