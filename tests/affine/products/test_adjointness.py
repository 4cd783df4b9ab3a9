"""⟨R v, w⟩ = ⟨v, Rᵀ w⟩ at every layer of every awkward net, and the same for L, in both dtypes.

Forward and reverse mode are two programs of PyTorch's: that they give one map has to be checked.
"""

import pytest
import torch
from torch import Tensor

import zoo
from specxai.affine import Jacobian, Linearization, linearize

WITHIN = {torch.float64: 1e-10, torch.float32: 1e-4}
# Every layer of a net is visited: other names of the same net add nothing.
SAME = ("second call", "block's third call", "module of a block's second call", "in-place at a cut")
NAMES = [name for name in zoo.names() if name not in (*SAME, "residual branch", "concatenation")]
NETS = [(name, dtype) for name in NAMES for dtype in WITHIN]


def linearized(name: str, dtype: torch.dtype) -> Linearization:
    net = zoo.build(name)
    torch.manual_seed(0)
    return linearize(net.model.to(dtype), net.x.to(dtype))


def places(lin: Linearization) -> list[str | None]:
    return [None, *(layer.address for layer in lin.layers if layer.on_path and layer.shape)]


def check(J: Jacobian) -> None:
    """Compare a product with v with one, and with three, the other way, and with rows."""
    v, W = torch.randn(1, J.shape[1]).to(J.x), torch.randn(3, J.shape[0]).to(J.x)
    (pushed,) = J.push(v)
    scale = float(pushed.norm() * W.norm()) or 1.0

    def assert_adjoint(products: Tensor, expected: Tensor) -> None:
        assert float((products - expected).abs().max()) <= WITHIN[J.x.dtype] * scale

    assert_adjoint(J.pull(W[:1]) @ v[0], W[:1] @ pushed)
    assert_adjoint(J.pull(W) @ v[0], W @ pushed)
    assert_adjoint(W @ next(J.pushed(iter([v])))[0], W @ pushed)
    some = torch.arange(J.shape[0])[:: max(1, J.shape[0] // 3)]
    assert_adjoint(J.rows(some) @ v[0], pushed[some])


@pytest.mark.parametrize(("name", "dtype"), NETS)
def test_both_factors_at_every_layer(name: str, dtype: torch.dtype) -> None:
    lin = linearized(name, dtype)
    for place in places(lin):
        right = lin.right(place)
        check(right)
        check(lin.left(place, right.value))


@pytest.mark.parametrize(("name", "dtype"), NETS)
def test_the_methods_of_a_linearization(name: str, dtype: torch.dtype) -> None:
    lin = linearized(name, dtype)
    for place in (None, zoo.build(name).layer):
        v = torch.randn_like(lin.x)
        pushed = lin.jvp(v, place)
        w = torch.randn_like(pushed)
        scale = float(pushed.norm() * w.norm()) or 1.0
        difference = (pushed * w).sum() - (lin.vjp(w, place) * v).sum()
        assert abs(float(difference)) <= WITHIN[dtype] * scale
        row = lin.rows([0], place)
        assert abs(float((row * v).sum() - pushed.flatten()[0])) <= WITHIN[dtype] * scale


@pytest.mark.parametrize("name", NAMES)
def test_the_two_factors_make_the_whole_at_a_cut(name: str) -> None:
    lin = linearized(name, torch.float64)
    v, w = torch.randn(1, lin.x.numel()).double(), torch.randn(1, lin.output.numel()).double()
    for place in filter(lin.is_cut, places(lin)):
        R = lin.right(place)
        L = lin.left(place, R.value)
        torch.testing.assert_close(L.push(R.push(v)), lin.jacobian.push(v), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(R.pull(L.pull(w)), lin.jacobian.pull(w), rtol=1e-9, atol=1e-12)
