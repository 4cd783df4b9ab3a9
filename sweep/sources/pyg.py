"""PyTorch Geometric: two layers of each kind on a small graph, a score for each node."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from sweep.case import Case

_NODES, _IN, _HIDDEN, _OUT = 12, 6, 8, 3
_LAYERS: dict[str, dict[str, Any]] = {
    "GCNConv": {},
    "GATConv": {"heads": 2, "concat": False},
    "GATv2Conv": {"heads": 2, "concat": False},
    "SAGEConv": {},
    "GraphConv": {},
    "TransformerConv": {"heads": 2, "concat": False},
    "ChebConv": {"K": 3},
    "SGConv": {"K": 2},
    "TAGConv": {},
    "ARMAConv": {},
    "LEConv": {},
    "ClusterGCNConv": {},
    "FeaStConv": {},
    "GENConv": {},
    "MFConv": {},
    "SuperGATConv": {"heads": 2, "concat": False},
    "GeneralConv": {},
    "FiLMConv": {},
    "PNAConv": {},
    "GINConv": {},
    "EdgeConv": {},
}


class GraphNet(nn.Module):
    """Two layers with an activation between, on nodes x and edges."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        """Return a score for each node and class."""
        return self.second(self.first(x, edges).relu(), edges)


class Propagated(nn.Module):
    """A layer without weights after a linear one."""

    def __init__(self, inputs: int, outputs: int, layer: nn.Module) -> None:
        super().__init__()
        self.linear, self.layer = nn.Linear(inputs, outputs), layer

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        """Return what the layer makes of linear features."""
        return self.layer(self.linear(x), edges)


def cases() -> dict[str, Callable[[], Case]]:
    """Return the networks by name."""
    names = [*_LAYERS, "APPNP", "GIN, pooled"]
    return {name: partial(_graph, name) for name in names}


def _graph(name: str) -> Case:
    edges = torch.randint(_NODES, (2, 40))
    edges[1] = torch.cat([torch.arange(_NODES), edges[1, _NODES:]])  # none is without a neighbour
    inputs = torch.randn(1, _NODES, _IN), edges
    if name == "GIN, pooled":
        from torch_geometric.nn import GIN

        return Case(GIN(_IN, _HIDDEN, 2, _OUT), inputs, forward=_pooled)
    model = GraphNet(_layer(name, _IN, _HIDDEN, edges), _layer(name, _HIDDEN, _OUT, edges))
    return Case(model, inputs, forward=_on_nodes)


def _layer(name: str, inputs: int, outputs: int, edges: Tensor) -> nn.Module:
    from torch_geometric import nn as pyg
    from torch_geometric.utils import degree

    if name == "APPNP":
        return Propagated(inputs, outputs, pyg.APPNP(K=3, alpha=0.2))
    if name == "GINConv":
        return pyg.GINConv(_perceptron(inputs, outputs), train_eps=True)
    if name == "EdgeConv":
        return pyg.EdgeConv(_perceptron(2 * inputs, outputs))
    options = _LAYERS[name]
    if name == "PNAConv":
        counts = torch.bincount(degree(edges[1], _NODES).long())
        how = {"aggregators": ["mean", "min", "max", "std"], "scalers": ["identity", "attenuation"]}
        options = {**how, "deg": counts}
    return getattr(pyg, name)(inputs, outputs, **options)


def _perceptron(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(), nn.Linear(outputs, outputs))


def _on_nodes(model: nn.Module, x: Tensor, edges: Tensor) -> Tensor:
    """Give the batch of one graph to a model that takes nodes."""
    return model(x[0], edges)[None]


def _pooled(model: nn.Module, x: Tensor, edges: Tensor) -> Tensor:
    from torch_geometric.nn import global_add_pool

    return global_add_pool(model(x[0], edges), None)
