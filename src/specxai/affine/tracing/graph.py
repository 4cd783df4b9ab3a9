"""The autograd graph of one forward pass: which tensors every path must cross."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import Node


class Edge(NamedTuple):
    """One output of one node: the place a tensor has in the graph."""

    node: Node
    output: int


def edge_of(tensor: Tensor) -> Edge | None:
    """Return the place of a tensor in the graph, or None when it depends on no input."""
    with torch._C.DisableTorchFunction():  # reading attributes is no call of the model's
        node = tensor.grad_fn
        return None if node is None else Edge(node, tensor.output_nr)


@dataclass(frozen=True)
class PathCount:
    """How many paths lead from an output to the leaves, and how many of them cross each edge.

    The counts are exact integers, so that "all paths" is an equality.
    """

    total: int
    above: dict[Edge, int]
    below: dict[Node, int]

    def is_cut(self, edge: Edge | None) -> bool:
        """Tell whether every path from the output to the input crosses this edge."""
        if edge is None or edge not in self.above:
            return False
        return self.above[edge] * self.below[edge.node] == self.total > 0


def count_paths(output: Tensor, avoiding: Collection[Edge] = ()) -> PathCount:
    """Count the paths from an output to the leaves of its graph.

    Args:
        output: a tensor that requires grad, of any shape.
        avoiding: edges that a path must not cross to be counted.

    Returns:
        The number of paths in all, from the output to each edge, and from each node to the leaves.
    """
    start = edge_of(output)
    if start is None or start in avoiding:
        return PathCount(0, {}, {})
    order = list(_children_first(start.node))
    below: dict[Node, int] = {}
    for node in order:
        edges = list(_edges_below(node))
        below[node] = sum(below[e.node] for e in edges if e not in avoiding) if edges else 1
    above: defaultdict[Edge, int] = defaultdict(int)
    through: defaultdict[Node, int] = defaultdict(int)
    above[start] = through[start.node] = 1
    for node in reversed(order):
        for edge in _edges_below(node):
            if edge not in avoiding:
                above[edge] += through[node]
                through[edge.node] += through[node]
    return PathCount(below[start.node], dict(above), below)


def nodes_below(output: Tensor) -> list[Node]:
    """Return the nodes of a graph from its leaves up to an output, without the leaves' own."""
    start = edge_of(output)
    nodes = _children_first(start.node) if start else iter(())
    return [node for node in nodes if node.name() != "torch::autograd::AccumulateGrad"]


def made_at(node: Node) -> int:
    """Return the number of a node in the order in which PyTorch made them."""
    return int(node._sequence_nr())


def next_number() -> int:
    """Return the number that the next node will have."""
    return int(torch._C._autograd._get_sequence_nr())


def _edges_below(node: Node) -> Iterator[Edge]:
    return (Edge(child, number) for child, number in node.next_functions if child is not None)


def _children_first(root: Node) -> Iterator[Node]:
    """Yield every node reachable from the root, each after all the nodes it leads to."""
    seen = {root}
    stack = [(root, iter(root.next_functions))]
    while stack:
        node, children = stack[-1]
        for child, _ in children:
            if child is not None and child not in seen:
                seen.add(child)
                stack.append((child, iter(child.next_functions)))
                break
        else:
            stack.pop()
            yield node
