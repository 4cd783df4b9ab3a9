"""One study of shapes: the trained networks, how good they are, and what is explained."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from specxai.cache import Cache
from specxai.progress import Progress
from specxai.studies.shapes.coordinates import Coordinates, fit_coordinates
from specxai.studies.shapes.labelled import LabelledShapes
from specxai.studies.shapes.learning import Split, baselines, determination, train_downstream
from specxai.studies.shapes.networks import (
    Autoencoder,
    Predictor,
    build_reduced,
    join,
    widen,
)
from specxai.studies.training import Plan, Trained, train_autoencoder


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Attributes:
        labelled: shapes with labels.
        unlabelled: further shapes, for the auto-encoder.
        epochs: of the auto-encoder.
        splits: into learned and held-out shapes.
        compared: held-out shapes whose vectors are compared.
        shown: of these, in figures and before the solver.
    """

    labelled: int
    unlabelled: int
    epochs: int
    splits: int
    compared: int
    shown: int


FULL = Scale(1500, 3000, 500, 5, 80, 5)
FAST = Scale(300, 600, 60, 2, 10, 2)
_HELD_OUT = 200


@dataclass(frozen=True)
class Experiment:
    """The networks of a study.

    Attributes:
        shapes: with labels.
        coordinates: that the networks take.
        autoencoder: (1, points, 3) to the same, in scaled coordinates.
        predictor: (1, points, 3) to the label; of the first split.
        training: of the auto-encoder.
        accuracy: R² on held-out shapes for each split, by model; the network first.
        error: root mean square distance of points after the auto-encoder, in m, over the labelled
            shapes, none of which it was trained on.
        relative: share of the variance of scaled coordinates that it loses on them.
        held_out: places of the first split's held-out shapes, in their order.
    """

    shapes: LabelledShapes
    coordinates: Coordinates
    autoencoder: Autoencoder
    predictor: Predictor
    training: Trained
    accuracy: dict[str, list[float]]
    error: float
    relative: float
    held_out: tuple[int, ...]

    def x(self, place: int) -> Float[Tensor, "1 points 3"]:
        """Return a labelled shape as the networks take it."""
        return self.coordinates.scaled(self.shapes.points[place][None])


def conduct(
    shapes: LabelledShapes,
    unlabelled: Callable[[int, int], Tensor],
    modes: int,
    scale: Scale,
    folder: Path,
    seed: int,
    progress: Progress,
) -> Experiment:
    """Train the auto-encoder on unlabelled shapes, and one downstream network a split.

    Args:
        shapes: with labels.
        unlabelled: gives the points of so many shapes from an index on.
        modes: directions in which the shapes vary most, which the networks see.
        scale: how much is done.
        folder: for finished trainings.
        seed: of everything that is drawn.
        progress: told of each epoch and split.
    """
    first = int(shapes.indices.max()) + 1
    drawn = unlabelled(max(first, 2000), scale.unlabelled + _HELD_OUT)
    coordinates = fit_coordinates(drawn[: scale.unlabelled], modes)
    reduced = coordinates.reduced(coordinates.scaled(drawn))
    training = train_autoencoder(
        shapes.name,
        build_reduced(modes, seed),
        reduced[: scale.unlabelled],
        reduced[scale.unlabelled :],
        Plan(scale.epochs, 0.0, 32, 2e-3, seed=seed),
        Cache.at(folder / "cache"),
        progress,
    )
    trained = training.network
    assert isinstance(trained, Autoencoder)
    autoencoder = widen(trained, coordinates)
    scaled = coordinates.scaled(shapes.points)
    with torch.no_grad():
        latent = trained.encoder(coordinates.reduced(scaled))
        rest = autoencoder(scaled) - scaled
    splits = [Split.draw(len(scaled), seed + number) for number in range(scale.splits)]
    networks, reached = [], []
    for number, split in enumerate(splits):
        network = train_downstream(latent[split.train], shapes.labels[split.train], seed + number)
        predicted = network(latent[split.test])[:, 0].double()
        reached.append(determination(shapes.labels[split.test], predicted))
        networks.append(network)
        progress("downstream networks", number + 1, len(splits))
    lost = (rest * coordinates.scale).square().sum(-1).mean().sqrt()
    return Experiment(
        shapes,
        coordinates,
        autoencoder,
        join(autoencoder.encoder, networks[0]),
        training,
        {"network": reached} | baselines(shapes, latent, splits),
        float(lost),
        float(rest.square().sum() / scaled.square().sum()),
        tuple(splits[0].test.tolist()),
    )
