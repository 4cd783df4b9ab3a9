import pytest
import torch

from specxai.affine.tracing.graph import count_paths, edge_of, made_at, next_number, nodes_below


@pytest.fixture
def x():
    return torch.arange(1.0, 4.0, requires_grad=True)


def test_a_chain_is_cut_everywhere(x):
    a = x * 2
    b = a + 1
    y = b.sum()
    paths = count_paths(y)
    assert paths.total == 1
    assert all(paths.is_cut(edge_of(tensor)) for tensor in (a, b, y))


def test_a_branch_is_no_cut_and_the_join_is(x):
    stem = x * 2
    branch = stem.relu()
    y = (stem + branch) * 3
    paths = count_paths(y)
    assert paths.total == 2
    assert paths.is_cut(edge_of(stem))
    assert not paths.is_cut(edge_of(branch))
    assert paths.is_cut(edge_of(y))


def test_a_tensor_used_twice_is_still_a_cut(x):
    stem = x * 2
    y = torch.cat([stem, stem]) + torch.cat([stem, stem])
    assert count_paths(y).total == 4
    assert count_paths(y).is_cut(edge_of(stem))


def test_one_part_of_a_split_is_no_cut(x):
    first, rest = x.clone().split([1, 2])
    paths = count_paths(first.sum() + rest.sum())
    assert not paths.is_cut(edge_of(first))
    assert not paths.is_cut(edge_of(rest))


def test_a_tensor_aside_is_no_cut(x):
    aside = x + 1
    paths = count_paths(x * 2)
    assert not paths.is_cut(edge_of(aside))
    assert edge_of(aside) not in paths.above


def test_counts_stay_exact_where_floats_would_overflow(x):
    y = x * 1
    for _ in range(2000):
        last = y
        y = y + y * 0.5
    paths = count_paths(y)
    assert paths.total == 2**2000
    assert paths.is_cut(edge_of(last))


def test_a_constant_has_no_paths(x):
    assert edge_of(torch.ones(2)) is None
    paths = count_paths(torch.ones(2))
    assert paths.total == 0
    assert not paths.is_cut(None)
    assert nodes_below(torch.ones(2)) == []


def test_nodes_and_when_they_were_made(x):
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            return v * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    begun = next_number()
    nodes = nodes_below((Twice.apply(x) + 1).relu())
    names = ["TwiceBackward", "AddBackward0", "ReluBackward0"]
    assert [node.name() for node in nodes] == names
    assert [made_at(node) - begun for node in nodes] == [0, 1, 2]
    assert next_number() == begun + 3
