"""Training of a small network: seeded, stopped early, kept when it is done."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from specxai.cache import Cache, Tensors
from specxai.files import digest
from specxai.progress import Progress, silent


@dataclass(frozen=True)
class TrainingPlan:
    """How to train.

    Attributes:
        epochs: the most passes through the data; the rate falls to zero over them.
        goal: mean loss on held-out data at which to stop.
        batch: samples in a step.
        rate: the highest learning rate of Adam for weights.
        haste: by how much that of biases is larger.
        seed: of the order of the samples.
    """

    epochs: int
    goal: float
    batch: int = 64
    rate: float = 2e-3
    haste: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        network: in eval mode, its parameters frozen.
        errors: mean loss on the held-out data after each epoch.
        seconds: that the training took, when it was done.
    """

    network: nn.Module
    errors: tuple[float, ...]
    seconds: float


# Inputs, and what the network is to give for them.
Samples = tuple[Float[Tensor, "_ ..."], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def train_autoencoder(
    name: str,
    network: nn.Module,
    data: Float[Tensor, "n d"],
    held_out: Float[Tensor, "m d"],
    plan: TrainingPlan,
    cache: Cache,
    progress: Progress = silent,
) -> Trained:
    """Train a network to give back what it is given; see `train_network`."""
    return train_network(name, network, (data, data), (held_out, held_out), plan, cache, progress)


def train_network(
    name: str,
    network: nn.Module,
    data: Samples,
    held_out: Samples,
    plan: TrainingPlan,
    cache: Cache,
    progress: Progress = silent,
    loss: Loss = nn.functional.mse_loss,
) -> Trained:
    """Train a network, or take it from the cache.

    Args:
        name: of the network, for the cache and the progress.
        network: with seeded weights; it is changed.
        data: what to train on.
        held_out: what the loss is measured on after each epoch.
        plan: how.
        cache: where finished networks are kept, by data, first weights and plan.
        progress: told of each epoch.
        loss: of outputs and what they are to be.
    """

    def compute() -> Tensors:
        begun = time.perf_counter()
        errors = []
        for error in _epochs(network, data, held_out, plan, loss):
            errors.append(error)
            progress(f"training {name}", len(errors), plan.epochs)
            if error <= plan.goal:
                break
        weights = {f"weights.{key}": value for key, value in network.state_dict().items()}
        seconds = torch.tensor(time.perf_counter() - begun)
        return weights | {"errors": torch.tensor(errors), "seconds": seconds}

    samples = dict(zip(("x", "wanted", "other x", "other wanted"), (*data, *held_out), strict=True))
    start = digest({**samples, **network.state_dict()})
    trained = cache.step(name, {"start": start, **asdict(plan)}, compute)
    weights = {key: trained[f"weights.{key}"] for key in network.state_dict()}
    network.load_state_dict(weights)
    return Trained(
        network.eval().requires_grad_(False),
        tuple(trained["errors"].tolist()),
        float(trained["seconds"]),
    )


def _epochs(
    network: nn.Module, data: Samples, held_out: Samples, plan: TrainingPlan, loss: Loss
) -> Iterator[float]:
    """Train epoch by epoch and yield the loss on the held-out data."""
    x, wanted = data
    weights = [each for each in network.parameters() if each.ndim > 1]
    biases = [each for each in network.parameters() if each.ndim == 1]
    paces = (weights, plan.rate), (biases, plan.rate * plan.haste)
    groups = [{"params": each, "lr": rate} for each, rate in paces if each]
    optimizer = torch.optim.Adam(groups, fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps = plan.epochs * -(-len(x) // plan.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, steps, pct_start=0.2)
    generator = torch.Generator().manual_seed(plan.seed)
    for _ in range(plan.epochs):
        for chosen in torch.randperm(len(x), generator=generator).split(plan.batch):
            optimizer.zero_grad(set_to_none=True)
            loss(network(x[chosen]), wanted[chosen]).backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            yield float(loss(network(held_out[0]), held_out[1]))
