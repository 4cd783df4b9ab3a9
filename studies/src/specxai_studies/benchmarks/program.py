"""Which method of ours meets which peers on which case."""

from dataclasses import dataclass, field
from typing import Any

_DENSE = ("jacrev + torch svd", "autograd jacobian + numpy svd")
_ITERATIVE = ("scipy svds arpack", "scipy svds propack", "skerch ssvd")


@dataclass(frozen=True)
class Entry:
    """One contest of the suite."""

    case: str
    ours: str
    peers: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


PROGRAM = (
    Entry("autoencoder", "specxai exact", _DENSE),
    Entry("alexnet/features.12", "specxai krylov", _ITERATIVE),
    Entry("alexnet/classifier.5", "specxai krylov", _ITERATIVE),
    Entry("resnet18/layer4", "specxai krylov", _ITERATIVE),
    Entry("vgg11_bn/features.28", "specxai krylov", _ITERATIVE),
    Entry("efficientnet-lite0/_avg_pooling", "specxai exact", _DENSE),
    Entry("alexnet/classifier.5", "specxai exact", _DENSE),
    Entry("vgg11_bn/classifier.5", "specxai exact", _DENSE),
    Entry("efficientnet-lite0/_swish#2", "specxai exact", _DENSE, {"memory": "4GiB"}),
)

# Cases whose exact decomposition has stages to be timed: the rank of the others is low.
STAGED = tuple(
    entry.case for entry in PROGRAM if entry.ours == "specxai exact" and entry.case != "autoencoder"
)
