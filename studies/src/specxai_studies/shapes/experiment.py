"""One study of shapes: the trained networks, how good they are, and what is explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.cache import Cache
from specxai.progress import Progress
from specxai_studies.shapes.baselines import baselines
from specxai_studies.shapes.coordinates import Coordinates, fit_coordinates
from specxai_studies.shapes.labelled import LabelledShapes
from specxai_studies.shapes.learning import Split, determination, train_downstream
from specxai_studies.shapes.networks import (
    Autoencoder,
    Predictor,
    build_autoencoder,
    join,
    widen,
)
from specxai_studies.training import TrainingPlan, train_autoencoder


@dataclass(frozen=True)
class Scale:
    """How much is done.

    Attributes:
        labelled: shapes with labels.
        unlabelled: further shapes, for the auto-encoder.
        epochs: of the auto-encoder.
        usual_epochs: of the auto-encoder of all coordinates, with the usual random start.
        splits: into learned and held-out shapes.
        compared: held-out shapes whose vectors are compared.
        shown: of these, in figures and before the solver.
    """

    labelled: int
    unlabelled: int
    epochs: int
    usual_epochs: int
    splits: int
    compared: int
    shown: int


FULL = Scale(1500, 3000, 500, 20, 5, 80, 5)
FAST = Scale(300, 600, 60, 3, 2, 10, 2)
_HELD_OUT = 200


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The networks of a study.

    Attributes:
        shapes: with labels.
        coordinates: that the networks take.
        autoencoder: (1, points, 3) to the same, in scaled coordinates.
        predictor: (1, points, 3) to the label; of the first split.
        usual: a predictor whose auto-encoder took all coordinates and had the usual random start.
        accuracy: R² on held-out shapes for each split, by model; the network first.
        errors: root mean square distance of points after the auto-encoder, in m, for each labelled
            shape, none of which it was trained on.
        relative: share of the variance of scaled coordinates that it loses on them.
        held_out: positions of the first split's held-out shapes, in their order.
    """

    shapes: LabelledShapes
    coordinates: Coordinates
    autoencoder: Autoencoder
    predictor: Predictor
    usual: Predictor
    accuracy: dict[str, list[float]]
    errors: Float[Tensor, " n"]
    relative: float
    held_out: tuple[int, ...]

    def x(self, position: int) -> Float[Tensor, "1 points 3"]:
        """Return a labelled shape as the networks take it."""
        return self.coordinates.scaled(self.shapes.points[position][None])


def train_networks(
    shapes: LabelledShapes,
    unlabelled: Callable[[int, int], Tensor],
    modes: int,
    scale: Scale,
    folder: Path,
    seed: int,
    progress: Progress,
) -> Experiment:
    """Train auto-encoders on unlabelled shapes, and one downstream network a split for each.

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
    cache = Cache.at(folder / "cache")

    def train(name: str, data: Tensor, plan: TrainingPlan) -> Autoencoder:
        start, learned = build_autoencoder(data.shape[1], seed), data[: scale.unlabelled]
        rest = data[scale.unlabelled :]
        trained = train_autoencoder(name, start, learned, rest, plan, cache, progress).network
        assert isinstance(trained, Autoencoder)
        return trained

    rows = coordinates.scaled(drawn)
    plans = (
        TrainingPlan(scale.epochs, 0.0, 32, 2e-3, seed=seed),
        TrainingPlan(scale.usual_epochs, 0.0, seed=seed),
    )
    reduced = train(shapes.name, coordinates.reduced(rows), plans[0])
    usual = train(f"{shapes.name} (all coordinates)", rows.flatten(1), plans[1])
    autoencoder = widen(reduced, coordinates)
    scaled = coordinates.scaled(shapes.points)
    with torch.no_grad():
        latent = reduced.encoder(coordinates.reduced(scaled))
        lost = autoencoder(scaled) - scaled
        latent_of_usual = usual.encoder(scaled.flatten(1))
    splits = [Split.draw(len(scaled), seed + number) for number in range(scale.splits)]
    downstream, reached = _downstream(shapes, latent, splits, seed, progress)
    second, reached_by_usual = _downstream(shapes, latent_of_usual, splits, seed, progress)
    names = ("network", "network with the usual random start")
    return Experiment(
        shapes=shapes,
        coordinates=coordinates,
        autoencoder=autoencoder,
        predictor=join(autoencoder.encoder, downstream),
        usual=join(usual.encoder, second),
        accuracy=dict(zip(names, (reached, reached_by_usual), strict=True))
        | baselines(shapes, latent, splits),
        errors=(lost * coordinates.scale).square().sum(-1).mean(1).sqrt(),
        relative=float(lost.square().sum() / scaled.square().sum()),
        held_out=tuple(splits[0].test.tolist()),
    )


def _downstream(
    shapes: LabelledShapes,
    latent: Float[Tensor, "n latent"],
    splits: Sequence[Split],
    seed: int,
    progress: Progress,
) -> tuple[nn.Sequential, list[float]]:
    """Return the downstream network of the first split, and R² of each split's."""
    networks, reached = [], []
    for number, split in enumerate(splits):
        network = train_downstream(latent[split.train], shapes.labels[split.train], seed + number)
        predicted = network(latent[split.test])[:, 0].double()
        reached.append(determination(shapes.labels[split.test], predicted))
        networks.append(network)
        progress("downstream networks", number + 1, len(splits))
    return networks[0], reached
