"""The similarity of vectors across results, against numpy, and groups that are known."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import specxai
from specxai import Explanation, similarity
from specxai.errors import InvalidInputError, MissingExtraError
from specxai.survey import cosines


@dataclass
class Stored:
    """What a result loaded from a file offers, no more."""

    vectors: Tensor
    x: Tensor
    scale: Tensor | None = None

    def top(self, n: int, by: str = "contribution") -> Tensor:
        order = torch.arange(len(self.vectors))
        return (order if by == "singular_value" else order.flip(0))[:n]

    def directions(self, indices: Tensor) -> Tensor:
        if int(indices.max()) > 1:
            raise InvalidInputError("the vectors of component 2 are not in the file")
        return self.vectors[indices]


def stored(vector: np.ndarray, count: int = 1) -> Stored:
    vectors = torch.from_numpy(vector).expand(count, *vector.shape)
    return Stored(vectors, torch.zeros(1, *vector.shape))


def unit(rng: np.random.Generator, size: int = 12) -> np.ndarray:
    vector = rng.standard_normal(size)
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def explanations() -> list[Explanation]:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 3)).double().eval()
    return [specxai.explain(model, torch.randn(1, 6).double(), "1") for _ in range(7)]


@pytest.mark.parametrize("by", ["singular_value", "contribution"])
@pytest.mark.parametrize("k", [0, 1])
def test_against_numpy(explanations: list[Explanation], k: int, by: str) -> None:
    V = np.stack([ex.right_vectors(ex.top(k + 1, by)[-1:])[0].numpy() for ex in explanations])
    found = similarity(explanations, k, by=by)
    signed = V * found.signs.numpy()[:, None]
    np.testing.assert_allclose(found.matrix, signed @ signed.T, atol=1e-12)
    absolute = similarity(iter(explanations), k, by=by, absolute=True)
    np.testing.assert_allclose(absolute.matrix, abs(V @ V.T), atol=1e-12)
    assert absolute.groups == found.groups


@given(st.integers(1, 9), st.integers(0, 1000), st.floats(0, 1))
@settings(deadline=None, max_examples=40)
def test_invariants(count: int, seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    V = np.stack([unit(rng) for _ in range(count)])
    found = similarity(map(stored, V), threshold=threshold)
    assert torch.equal(found.matrix, found.matrix.T)
    assert torch.equal(found.matrix.diagonal(), torch.ones(count).double())
    assert float(found.matrix.abs().max()) <= 1
    assert sorted(found.order.tolist()) == list(range(count))
    assert [member for group in found.groups for member in group] == found.order.tolist()
    flips = rng.choice([-1.0, 1.0], count)
    flipped = similarity(map(stored, V * flips[:, None]), threshold=threshold)
    np.testing.assert_allclose(flipped.matrix.abs(), found.matrix.abs(), atol=1e-14)
    turned = V @ np.linalg.qr(rng.standard_normal((12, 12))).Q
    again = similarity(map(stored, turned), threshold=threshold, absolute=True)
    np.testing.assert_allclose(again.matrix, found.matrix.abs(), atol=1e-12)


def test_groups_that_were_put_in_are_found_and_their_signs_agree() -> None:
    rng = np.random.default_rng(0)
    centres = np.linalg.qr(rng.standard_normal((12, 3))).Q.T
    members = np.array([0, 1, 2, 0, 1, 2, 0, 1, 0, 0])
    noisy = centres[members] + 0.05 * rng.standard_normal((10, 12))
    noisy *= np.where(np.arange(10) % 4 == 3, -1, 1)[:, None]  # 3 and 7 point the other way
    V = noisy / np.linalg.norm(noisy, axis=1)[:, None]
    found = similarity(map(stored, V), names=[f"r{k}" for k in range(10)])
    expected = {frozenset(np.flatnonzero(members == centre)) for centre in range(3)}
    assert {frozenset(group) for group in found.groups} == expected
    for group in found.groups:
        block = found.matrix[list(group)][:, list(group)]
        assert float(block.min()) > 0.9
        pairs = [abs(V[i] @ V[j]) for i in group for j in group if i < j]
        assert found.cohesion(group) == pytest.approx(np.mean(pairs))
    assert found.signs[[0, 3, 6, 8, 9]].tolist() == [1, -1, 1, 1, 1]
    place = found.order.tolist()
    assert torch.equal(found.ordered[0], found.matrix[place[0], place])


def test_the_threshold_is_the_mean_cosine_at_which_parts_join() -> None:
    angle = np.arccos(0.8)
    pair = [stored(np.array([1.0, 0.0])), stored(np.array([np.cos(angle), np.sin(angle)]))]
    assert len(similarity(pair, threshold=0.79).groups) == 1
    assert len(similarity(pair, threshold=0.81).groups) == 2


def test_a_single_result() -> None:
    found = similarity([stored(unit(np.random.default_rng(0)))])
    assert found.groups == ((0,),)
    assert found.matrix.tolist() == [[1]]
    assert found.cohesion((0,)) == 1


def test_blocks_make_no_difference(
    explanations: list[Explanation], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = similarity(explanations).matrix
    monkeypatch.setattr(cosines, "_BLOCK", 15)  # two of six values at a time
    torch.testing.assert_close(similarity(explanations).matrix, whole, rtol=0, atol=1e-14)


def test_vectors_stored_in_half_precision_still_have_length_one() -> None:
    V = [unit(np.random.default_rng(seed)) for seed in range(3)]
    halves = [Stored(torch.from_numpy(v).half()[None], torch.zeros(1, 12)) for v in V]
    found = similarity(halves, absolute=True).matrix
    np.testing.assert_allclose(found, abs(np.stack(V) @ np.stack(V).T), atol=1e-3)
    assert found.diagonal().tolist() == [1, 1, 1]


VECTOR = np.array([0.6, 0.8])


@pytest.mark.parametrize(
    ("results", "arguments", "message"),
    [
        ([], {}, "no result"),
        ([stored(VECTOR), stored(np.ones(3))], {}, r"result 1 .*\(1, 3\).*\(1, 2\)"),
        ([stored(VECTOR)], {"k": 1}, "result 0 has no component 1"),
        ([stored(VECTOR, 3)], {"k": 2}, "result 0: .*not in the file"),
        ([stored(VECTOR)], {"k": -1}, "k=-1"),
        ([stored(VECTOR)], {"threshold": 1.5}, "threshold=1.5"),
        ([stored(VECTOR)], {"names": ["a", "b"]}, "2 names for 1 results"),
    ],
)
def test_faults_are_named(results: list[Stored], arguments: dict, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        similarity(results, **arguments)


def test_scipy_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.cluster.hierarchy", None)
    with pytest.raises(MissingExtraError, match=r"specxai\[scipy\]"):
        similarity([stored(VECTOR), stored(VECTOR)])
