"""The iterative method against numpy's decomposition of the same matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import zoo
from reference import dense
from specxai import explain
from specxai.affine import Jacobian
from specxai.errors import InvalidInputError, NotEnoughMemoryError, TargetError
from specxai.spectral.svd.krylov import Krylov, krylov_svd


def decaying(rows, columns, rate=0.9, seed=0, dtype=torch.float64):
    """A matrix with σ_k = rate^k, as an operator, and the point it is taken at."""
    generator = torch.Generator().manual_seed(seed)
    size = min(rows, columns)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    U, V = torch.linalg.qr(draw(rows, size)).Q, torch.linalg.qr(draw(columns, size)).Q
    sigma = rate ** torch.arange(size, dtype=torch.float64)
    matrix = ((U * sigma) @ V.T).to(dtype)
    return matrix, Jacobian(lambda x: x @ matrix.T, draw(1, columns).to(dtype)), draw(rows)


def check(matrix, right, left, svd, tol):
    """Every triplet is one of the matrix, and the parts sum to L R x."""
    R, x = matrix.double().numpy(), right.x.double().numpy().ravel()
    active = svd.active.numpy()
    U = svd.left.numpy()
    sigma = svd.singular_values.numpy()
    np.testing.assert_allclose(U.T @ U, np.eye(U.shape[1]), atol=1e-9)
    V = (R[active].T @ U) / sigma
    errors = np.linalg.norm(R[active] @ V - U * sigma, axis=0) / sigma
    assert np.all(errors <= 2 * tol)
    np.testing.assert_allclose(svd.coefficients, U.T @ (R[active] @ x), rtol=1e-6, atol=1e-6)
    basis = np.hstack([U, svd.rest.numpy()])
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-8)
    coefficients = np.concatenate([svd.coefficients.numpy(), svd.rest_coefficients.numpy()])
    weights = left.numpy()[active] @ basis
    whole = left.numpy() @ R @ x
    assert weights @ coefficients == pytest.approx(whole, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("rows", "columns"), [(60, 90), (90, 60), (5, 40), (40, 5), (1, 9)])
@pytest.mark.parametrize("block", [1, 4, 8])
def test_leading_triplets(rows, columns, block):
    matrix, right, left = decaying(rows, columns)
    n = min(5, rows, columns)
    svd = krylov_svd(right, left, Krylov(n, block=block, tol=1e-6))
    truth = np.linalg.svd(matrix.numpy())[1]
    np.testing.assert_allclose(svd.singular_values, truth[:n], rtol=1e-9)
    check(matrix, right, left, svd, 1e-6)
    assert (svd.residual_norms <= 1e-6).all()


def test_float32_products():
    matrix, right, left = decaying(80, 120, dtype=torch.float32)
    svd = krylov_svd(right, left, Krylov(6))
    truth = np.linalg.svd(matrix.double().numpy())[1]
    np.testing.assert_allclose(svd.singular_values, truth[:6], rtol=1e-6)


@pytest.mark.parametrize("products", [8, 16, 40])
def test_the_sum_is_exact_wherever_it_stops(products):
    matrix, right, left = decaying(200, 300, rate=0.999)  # a flat spectrum does not converge
    svd = krylov_svd(right, left, Krylov(6, products=products, tol=1e-8))
    check(matrix, right, left, svd, 1e-8)
    assert len(svd.singular_values) < 6
    assert "of 6 converged" in svd.note
    assert svd.rest.shape[1] > 0


def test_leading_contributions():
    matrix, right, left = decaying(60, 90, rate=0.8)
    svd = krylov_svd(right, left, Krylov(4, by="contribution", tol=1e-6))
    U, sigma, Vt = np.linalg.svd(matrix.numpy(), full_matrices=False)
    alpha = np.abs((left.numpy() @ U) * sigma * (Vt @ right.x.numpy().ravel()))
    found = np.abs((left.numpy() @ svd.left.numpy()) * svd.coefficients.numpy())
    np.testing.assert_allclose(np.sort(found)[::-1], np.sort(alpha)[::-1][:4], rtol=1e-5)
    check(matrix, right, left, svd, 1e-6)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_as_many_contributions_as_add_up_to_a_share(share):
    matrix, right, left = decaying(60, 90, rate=0.8)
    svd = krylov_svd(right, left, Krylov(50, by="contribution", tol=1e-6, share=share))
    U, sigma, Vt = np.linalg.svd(matrix.numpy(), full_matrices=False)
    alpha = (left.numpy() @ U) * sigma * (Vt @ right.x.numpy().ravel())
    alpha = alpha[np.abs(alpha).argsort()[::-1]]
    off = np.abs(1 - alpha.cumsum() / alpha.sum())
    needed = int(np.flatnonzero(off <= 1 - share)[0]) + 1
    found = (left.numpy() @ svd.left.numpy()) * svd.coefficients.numpy()
    found = found[np.abs(found).argsort()[::-1]]
    np.testing.assert_allclose(found, alpha[:needed], rtol=1e-5)
    check(matrix, right, left, svd, 1e-6)


def test_a_share_that_is_not_reached_is_said():
    _, right, left = decaying(60, 90, rate=0.8)
    most = Krylov(2, by="contribution", share=1 - 1e-9, products=8)
    assert "of 2 converged" in krylov_svd(right, left, most).note
    with pytest.raises(TargetError, match="choose a target"):
        krylov_svd(right, None, most)


def test_a_restart_keeps_the_sum_and_still_converges():
    matrix, right, left = decaying(500, 800, rate=0.985)
    free = krylov_svd(right, left, Krylov(4, block=4))
    budget = 36 * (8 * 800 + 4 * 8 * 500) + 8 * 4 * 2 * 800
    svd = krylov_svd(right, left, Krylov(4, block=4), memory=budget)
    assert svd.rest.shape[1] + 4 <= 36 < free.rest.shape[1] + 4
    np.testing.assert_allclose(svd.singular_values, free.singular_values, rtol=1e-6)
    check(matrix, right, left, svd, 1e-4)


def test_equal_singular_values_are_one_cluster():
    net = zoo.build("repeated values")
    ex = explain(net.model, net.x, net.layer, method=Krylov(5))
    np.testing.assert_allclose(ex.singular_values, [3, 2, 2, 2, 1], rtol=1e-9)
    assert ex.clusters.tolist() == [0, 1, 1, 1, 2]


@pytest.mark.parametrize("name", zoo.names())
def test_the_zoo(name):
    net = zoo.build(name)
    truth = dense(net.model, net.x, net.layer, net.target)
    ex = explain(net.model, net.x, net.layer, net.target, method=Krylov(3))
    n = min(3, len(truth.sigma))
    np.testing.assert_allclose(ex.singular_values, truth.sigma[:n], rtol=1e-6)
    total = ex.contributions.sum() + ex.unresolved + ex.bypass + ex.bias
    torch.testing.assert_close(total, ex.output)
    assert abs(float(ex.residual)) < 1e-12 * max(1, abs(float(ex.output)))


def test_all_outputs_at_once():
    net = zoo.build("mlp")
    ex = explain(net.model, net.x, method=Krylov(1))
    assert ex.rank == 1
    first = ex.coefficients[0] * ex.left_vectors([0])[0]
    torch.testing.assert_close((first + ex.unresolved[0] + ex.bias[0]), ex.output[0])


def test_a_matrix_of_low_rank():
    matrix = torch.outer(torch.arange(1.0, 7), torch.ones(9)).double()
    right = Jacobian(lambda x: x @ matrix.T, torch.ones(1, 9).double())
    svd = krylov_svd(right, torch.ones(6).double(), Krylov(3))
    assert len(svd.singular_values) == 1
    assert "1 of 3 converged" in svd.note
    check(matrix, right, torch.ones(6).double(), svd, 1e-9)


def test_the_same_seed_gives_the_same_numbers():
    _, right, left = decaying(60, 90)
    one, two = (krylov_svd(right, left, Krylov(4, block=4)) for _ in range(2))
    assert one.left.equal(two.left)
    other = krylov_svd(right, left, Krylov(4, block=4, seed=1))
    assert not other.left.equal(one.left)
    torch.testing.assert_close(other.singular_values, one.singular_values)


def test_a_basis_of_all_directions_is_whole():
    """Rounding that was left of a full basis became directions of its own, a thousand of them."""
    matrix, right, left = decaying(7, 9, 0.7984185803401811, 95)
    svd = krylov_svd(right, left, Krylov(1, block=5, seed=95, tol=1e-5))
    assert svd.left.shape[1] + svd.rest.shape[1] == 7
    assert "converged" not in svd.note
    check(matrix, right, left, svd, 1e-5)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(2, 30), columns=st.integers(2, 30), rate=st.floats(0.3, 1),
    n=st.integers(1, 6), block=st.integers(1, 5), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_matrix(rows, columns, rate, n, block, seed):
    matrix, right, left = decaying(rows, columns, rate, seed)
    svd = krylov_svd(right, left, Krylov(n, block=block, seed=seed, tol=1e-5))
    check(matrix, right, left, svd, 1e-5)


def test_too_little_memory():
    _, right, left = decaying(500, 800)
    with pytest.raises(NotEnoughMemoryError, match="components by products need"):
        krylov_svd(right, left, Krylov(4), memory="10KiB")


@pytest.mark.parametrize(
    "wrong", [{"by": "size"}, {"tol": 0.0}, {"n_components": 0}, {"share": 0.5}, {"share": 1.5}]
)
@pytest.mark.usefixtures("unchecked_annotations")
def test_options_that_make_no_sense(wrong):
    with pytest.raises(InvalidInputError):
        Krylov(**wrong)
