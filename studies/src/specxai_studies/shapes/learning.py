"""From latent vectors to the label: the downstream network, and how well it predicts."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from specxai_studies.shapes.networks import DOWNSTREAM, dense, linear

_RATE, _DECAY, _BATCH = 3e-3, 1.0, 32
# Standard deviation of the noise on standardised latent vectors, and passes through them.
_NOISE, _EPOCHS = 0.02, 100


@dataclass(frozen=True)
class Split:
    """Which shapes are learned from, and which are held out.

    Attributes:
        train: their positions.
        test: a fifth of all.
    """

    train: Int[Tensor, " n"]
    test: Int[Tensor, " m"]

    @classmethod
    def draw(cls, count: int, seed: int) -> "Split":
        """Draw a split of so many shapes."""
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
        return cls(order[count // 5 :], order[: count // 5])


def train_downstream(
    latent: Float[Tensor, "n latent"], labels: Float[Tensor, " n"], seed: int
) -> nn.Sequential:
    """Train a network from latent vectors to labels, in the labels' unit.

    Args:
        latent: of the shapes to learn from.
        labels: float64.
        seed: of weights, noise and order.
    """
    mean, sd = latent.mean(0), latent.std(0).clamp(min=1e-6)
    inputs = (latent - mean) / sd
    targets = ((labels - labels.mean()) / labels.std()).float()
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = dense((latent.shape[1], *DOWNSTREAM, 1))
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=_RATE, weight_decay=_DECAY, fused=True
        )
        steps = _EPOCHS * -(-len(inputs) // _BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(_EPOCHS):
            for chosen in torch.randperm(len(inputs)).split(_BATCH):
                noisy = inputs[chosen] + _NOISE * torch.randn(len(chosen), inputs.shape[1])
                optimizer.zero_grad(set_to_none=True)
                nn.functional.mse_loss(network(noisy)[:, 0], targets[chosen]).backward()
                optimizer.step()
                schedule.step()
    with torch.no_grad():  # standardisation becomes a part of the first and of the last layer
        first, last = linear(network, 0), linear(network, -1)
        first.weight /= sd
        first.bias.copy_(first.bias - first.weight @ mean)
        last.weight *= float(labels.std())
        last.bias.copy_(last.bias * float(labels.std()) + float(labels.mean()))
    return network.eval().requires_grad_(False)


def determination(true: Float[Tensor, " n"], predicted: Float[Tensor, " n"]) -> float:
    """Return R², the share of the variance that is predicted.

    >>> import torch
    >>> determination(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 3.0]))
    1.0
    """
    rest = (true - predicted).square().sum() / (true - true.mean()).square().sum()
    return float(1 - rest)
