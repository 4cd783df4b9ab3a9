"""Models as people write them: right values, or one line that says what is in the way."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from awkward import Calls, assert_right, assert_right_or_refused, inputs
from specxai import SpecxaiError, explain, linearize

F = torch.nn.functional
X = inputs(1, 4)


def refusal_of(call: Callable[[], Any]) -> str:
    with pytest.raises(SpecxaiError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- checkpoints ---------------------------------------------------------------------------------


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool, activation: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(nn.Linear(4, 8), activation)
        self.second = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
        self.last, self.reentrant = nn.Linear(8, 2), reentrant
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        z = checkpoint(self.first, x, use_reentrant=self.reentrant)
        return self.last(z + checkpoint(self.second, z, use_reentrant=self.reentrant))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize(
    "activation", [nn.ReLU(), nn.ReLU(inplace=True), nn.GELU()], ids=["relu", "in place", "gelu"]
)
def test_checkpoints_are_seen_through(activation: nn.Module, reentrant: bool, rule: str) -> None:
    model = Checkpointed(reentrant, activation)

    def plain(x: Tensor) -> Tensor:
        z = model.first(x)
        return model.last(z + model.second(z))

    layers = (None, "first", "first.0", "second", "last")
    lin = assert_right(model, X, plain, rule, layers=layers)
    assert {layer.address for layer in lin.layers} >= {"first.0", "second.1"}
    sites = {str(site.address) for site in lin.sites}
    assert {"linear@first.0", "layer_norm@second.1"} <= sites


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed_segments(reentrant: bool) -> None:
    class Segments(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            parts = [nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU()) for _ in range(4)]
            self.body = nn.Sequential(*parts)

        def forward(self, x: Tensor) -> Tensor:
            return checkpoint_sequential(self.body, 2, x, use_reentrant=reentrant)

    model = Segments().double().eval()
    lin = assert_right(model, X, lambda x: model.body(x), layers=(None, "body.0", "body.2"))
    assert lin.exactness == "canonical"


def test_a_checkpoint_around_a_lambda_and_several_tensors() -> None:
    def twice(z: Tensor) -> Tensor:
        a, b = checkpoint(lambda u, v: (u * v, u.relu()), z, z.sigmoid(), use_reentrant=False)
        return a - b

    model = Calls(twice)
    truth = lambda x: model.last((lambda z: z * z.sigmoid() - z.relu())(model.first(x)))  # noqa: E731
    assert_right(model, X, truth, layers=(None, "first"))


# --- gradients inside forward, and operations without a second derivative -----------------------


class Gradient(nn.Module):
    """The gradient of an energy: forces of a molecule, residuals of a physical equation."""

    def __init__(self, way: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.e, self.way = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)), way
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.way(self.e, x)

    def truth(self, x: Tensor) -> Tensor:
        """Written out: W₁ᵀ (w₂ ⊙ (1 − tanh²(W₁ x + b₁)))."""
        z = self.e[0](x).tanh()
        return (self.e[2].weight * (1 - z**2)) @ self.e[0].weight


def by_autograd(e: nn.Module, x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x if x.requires_grad else x.requires_grad_()
        return torch.autograd.grad(e(x).sum(), x, create_graph=True)[0]


def of_a_copy(e: nn.Module, x: Tensor) -> Tensor:
    """The gradient is computed of a detached copy: a constant."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(e(leaf).sum(), leaf)
    return x + gradient


WAYS: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "autograd.grad": by_autograd,
    "func.grad": lambda e, x: torch.func.grad(lambda z: e(z).sum())(x),
    "func.jacrev": lambda e, x: torch.func.jacrev(lambda z: e(z)[0, 0])(x),
    "func.jvp": lambda e, x: torch.stack(
        [torch.func.jvp(e, (x,), (row[None],))[1][0, 0] for row in torch.eye(4).double()]
    )[None],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_gradient_inside_forward(way: str) -> None:
    model = Gradient(WAYS[way])
    for layers in ((None,), ("e.0",)):
        assert_right_or_refused(model, X, truth=model.truth, layers=layers, closes=False)


def test_results_carry_no_graph() -> None:
    model = Gradient(by_autograd)
    try:
        ex = explain(model, X, None, 0)
    except SpecxaiError:
        return
    assert not any(t.requires_grad for t in (ex.output, ex.bias, ex.contributions, ex.linear))
    lin = linearize(model, X)
    assert not lin.output.requires_grad
    assert not lin.jvp(X).requires_grad
    assert not lin.rows([0]).requires_grad


def test_the_gradient_of_a_copy_is_a_constant() -> None:
    model = Gradient(of_a_copy)
    with torch.no_grad():
        constant = model.truth(X)
    assert_right_or_refused(model, X, truth=lambda x: x + constant, closes=False)


def test_the_input_gets_no_gradient() -> None:
    """A backward call inside forward may reach no tensor of the user's."""
    x = X.clone()
    model = Gradient(by_autograd)
    assert_right_or_refused(model, x, truth=model.truth, closes=False)
    assert x.grad is None
    assert not x.requires_grad


def image_net(part: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), part, nn.ReLU(), nn.Flatten(), nn.Linear(64, 2)
    ).double().eval()  # fmt: skip


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_a_local_response_norm(rule: str) -> None:
    assert_right(image_net(nn.LocalResponseNorm(2)), inputs(1, 2, 6, 6), rule=rule)


def test_a_legacy_function_without_a_second_derivative() -> None:
    """PyTorch's derivative of this one is off by some 1e-4: it is used, and that is said."""
    x = inputs(1, 2, 6, 6)
    lin = linearize(image_net(nn.CrossMapLRN2d(2)), x)
    (note,) = lin.notes
    assert "not seen: CrossMapLRN2d" in note
    assert "differences of the values" in note
    assert lin.exactness == "convention: tangent"
    rows = lin.rows([0, 1]).flatten(1)
    torch.testing.assert_close(lin.jvp(x)[0], rows @ x.flatten())
    torch.testing.assert_close(lin.bias(), lin.output - lin.jvp(x))
    for layer in (None, "0", "2"):
        assert abs(explain(lin.model, x, layer, 0).residual) < 1e-12


def scattered(reduce: str, **options: Any) -> Callable[[Tensor], Tensor]:
    index = torch.tensor([[0, 0, 1, 1, 2, 2, 2, 0]])
    return lambda z: torch.ones_like(z).scatter_reduce(1, index, z.sigmoid(), reduce, **options)


REDUCED: dict[str, Callable[[Tensor], Tensor]] = {
    "scatter prod": scattered("prod"),
    "scatter prod without self": scattered("prod", include_self=False),
    "scatter mean": scattered("mean"),
    "scatter amax": scattered("amax"),
    "scatter amin": scattered("amin", include_self=False),
    "index_reduce prod": lambda z: torch.ones_like(z).index_reduce(
        1, torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]), z.sigmoid(), "prod"
    ),
    "index_reduce mean": lambda z: torch.ones_like(z).index_reduce(
        1, torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]), z.sigmoid(), "mean"
    ),
    "prod": lambda z: z * z.prod(1, keepdim=True),
    "prod with a zero": lambda z: z + z.relu().prod(1, keepdim=True),
    "cumprod": lambda z: z.cumprod(1),
    "logcumsumexp": lambda z: z.logcumsumexp(1),
    "segment": lambda z: z + torch.segment_reduce(z[0], "max", lengths=torch.tensor([3, 5])).sum(),
    "embedding bag": lambda z: (
        z
        + F.embedding_bag(
            torch.tensor([[0, 1]]),
            torch.ones(2, 8).double(),
            per_sample_weights=z[:, :2],
            mode="sum",
        )
    ),
    "cdist": lambda z: torch.cdist(z[:, :, None], torch.ones(1, 3, 1).double()).sum(2),
    "pdist": lambda z: z + F.pdist(z.view(4, 2)).sum(),
    "solve": lambda z: torch.linalg.solve(torch.eye(8).double() + 0.1 * z.mT @ z, z[0])[None],
    "eigenvalues": lambda z: z + torch.linalg.eigvalsh(z.mT @ z)[-1],
    "fold": lambda z: F.fold(z.view(1, 4, 2), (2, 3), 2).flatten(1)[:, [0, 1, 2, 3, 4, 5, 0, 1]],
    "ctc": lambda z: (
        z
        + F.ctc_loss(
            z.view(2, 1, 4).log_softmax(2),
            torch.tensor([[1]]),
            torch.tensor([2]),
            torch.tensor([1]),
        )
    ),
    "complex": lambda z: torch.fft.ifft(torch.fft.fft(z) * (1 + 1j)).imag,
    "complex angle": lambda z: torch.fft.rfft(z).angle()[:, [1, 2, 3, 1, 2, 3, 1, 2]],
    "unfold": lambda z: z.unfold(1, 2, 1).amax(2)[:, [0, 1, 2, 3, 4, 5, 6, 0]],
    "as_strided": lambda z: z.as_strided((1, 8), (8, 1)) * 2,
    "put": lambda z: z.put(torch.tensor([0, 3]), z[0, :2].relu(), accumulate=True),
    "masked_scatter": lambda z: z.masked_scatter(z > 0, (2 * z).relu()),
    "searchsorted": lambda z: z * torch.searchsorted(torch.tensor([0.0, 1]).double(), z.detach()),
    "quantile": lambda z: z - z.quantile(0.3, 1, keepdim=True),
    "trapezoid": lambda z: z + torch.trapezoid(z, dim=1)[:, None],
    "renorm": lambda z: z.renorm(2, 0, 0.5),
    "pixel and grid": lambda z: F.grid_sample(
        z.view(1, 2, 2, 2), z.view(1, 2, 2, 2).tanh(), align_corners=False
    ).flatten(1),
}


@pytest.mark.parametrize("function", REDUCED)
def test_operations_with_few_formulas(function: str) -> None:
    """Forward mode is not there for all of them, or gives zero without a word."""
    assert_right_or_refused(
        Calls(REDUCED[function]), X, layers=(None, "first"), closes=not function.startswith("ctc")
    )


@pytest.mark.parametrize("function", REDUCED)
def test_operations_with_few_formulas_under_the_secant_convention(function: str) -> None:
    assert_right_or_refused(Calls(REDUCED[function]), X, rule="secant", layers=(None, "first"))


# --- inputs, outputs and constants ---------------------------------------------------------------


@pytest.mark.parametrize(
    "choose",
    [lambda y: y[:, y[0] > 1e9], lambda y: y[:, :0], lambda y: y.view(1, 2, 1)[:, :, :0]],
    ids=["a detector that finds nothing", "no columns", "a volume"],
)
def test_an_empty_output_says_so(choose: Callable[[Tensor], Tensor]) -> None:
    model = Calls(lambda z: z)
    for call in (linearize, explain):
        assert "empty" in refusal_of(lambda call=call: call(model, X, forward=_through(choose)))


def _through(choose: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda model, x: choose(model(x))


class Unregistered(nn.Module):
    """Constants in single precision that no buffer holds."""

    def __init__(self, use: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 2)
        self.A, self.use = torch.rand(4, 4), use
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.use(self.first(x).relu(), self.A))


def placed(z: Tensor, A: Tensor) -> Tensor:
    out = torch.zeros(1, 4)
    out[:, 1:] = z[:, :-1]
    return out @ A


USES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "matmul": lambda z, A: z @ A,
    "linear": lambda z, A: F.linear(z, A, A[0]),
    "on the left": lambda z, A: (A @ z.mT).mT,
    "einsum": lambda z, A: torch.einsum("bi,ij->bj", z, A),
    "baddbmm": lambda z, A: torch.baddbmm(A[None, :1], z[None], A[None])[0],
    "zeros made inside": placed,
    "cat with zeros": lambda z, A: torch.cat([z, torch.zeros(1, 4)], 1)[:, ::2] @ A,
    "a list of constants": lambda z, A: torch.stack([z, torch.ones(1, 4)]).sum(0) @ A,
    "arange": lambda z, A: z * torch.arange(4.0) @ A,
    "tensor made inside": lambda z, A: z @ torch.tensor([[1.0, 2, 3, 4]]).mT @ A[:1],
    "index_add": lambda z, A: torch.zeros(1, 4).index_add(1, torch.tensor([0, 0, 1, 2]), z),
    "conv": lambda z, A: F.conv1d(z[None], A[None, :1, :3], padding=1)[0],
    "lstm": lambda z, A: torch.lstm_cell(z, (A[:1], A[:1]), *[A.repeat(4, 1)] * 2)[0],
    "where": lambda z, A: torch.where(z > 0.1, z, A[:1]),
    "bilinear": lambda z, A: F.bilinear(z, A[:1], torch.ones(4, 4, 4)),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_double_precision_beside_unregistered_tensors(use: str) -> None:
    """The constants are widened; the user's model keeps its own."""
    model = Unregistered(USES[use])
    x = X.float()
    lin = linearize(model, x, precision="double")
    assert lin.output.dtype == torch.float64
    rows = lin.rows([0, 1]).flatten(1)
    torch.testing.assert_close(rows @ lin.x.flatten() + lin.bias()[0], lin.output[0])
    torch.testing.assert_close(lin.jvp(lin.x)[0], rows @ lin.x.flatten())
    assert float(lin.ledger().remainder.abs().max()) <= 1e-10
    assert abs(float(explain(model, x, "first", 0, precision="double").residual)) <= 1e-10
    with torch.no_grad():
        torch.testing.assert_close(lin.output.float(), model(x), rtol=1e-4, atol=1e-5)
    assert model.A.dtype == torch.float32


def test_half_precision_beside_unregistered_tensors() -> None:
    model = Unregistered(USES["matmul"]).half()
    model.A = model.A.half()
    lin = linearize(model, X.half())
    assert lin.output.dtype == torch.float32
    assert float(lin.ledger().remainder.abs().max()) <= 1e-4


# --- exported modules ----------------------------------------------------------------------------

EXPORTED: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "perceptron": (
        lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)),
        (1, 4),
    ),
    "convolution": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(16, 2),
        ),
        (1, 2, 6, 6),
    ),
    "attention": (
        lambda: nn.Sequential(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), nn.Flatten(), nn.Linear(24, 2)
        ),
        (1, 3, 8),
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("name", EXPORTED)
def test_the_module_of_an_exported_program(name: str, rule: str) -> None:
    build, shape = EXPORTED[name]
    torch.manual_seed(0)
    model, x = build().double().eval(), inputs(*shape)
    module = torch.export.export(model, (x,)).module()
    assert_right(module, x, model, rule)


def test_an_exported_module_inside_another() -> None:
    model = Calls(lambda z: z)
    inner = torch.export.export(nn.Sequential(nn.Linear(4, 8), nn.ReLU()).double().eval(), (X,))
    model.first = inner.module()
    assert_right(model, X, layers=(None, "last"))


def test_a_module_exported_in_train_mode_is_refused_or_right() -> None:
    train = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2)).double().train()
    module = torch.export.export(train, (X,)).module()
    message = refusal_of(lambda: linearize(module, X))
    assert "train" in message or "random" in message


def test_a_traced_graph_module() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2)).double().eval()
    assert_right(torch.fx.symbolic_trace(model), X, model, layers=(None, "0"))


# --- tensors of other kinds ----------------------------------------------------------------------


class Named(Tensor):
    """A subclass that carries a name along, as PIL-like wrappers and fastai's tensors do."""


class Logged(Tensor):
    """A subclass with a function hook of its own."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return super().__torch_function__(func, types, args, kwargs or {})


@pytest.mark.parametrize("kind", [Named, Logged, nn.Parameter], ids=lambda k: k.__name__)
def test_a_subclass_as_input(kind: Any) -> None:
    model = Calls(lambda z: z.relu() * z.sigmoid())
    x = X.as_subclass(kind) if kind is not nn.Parameter else nn.Parameter(X.clone())
    lin = linearize(model, x)
    plain = linearize(model, X)
    for given, right in ((lin.output, plain.output), (lin.jvp(X), plain.jvp(X))):
        assert type(given) is Tensor
        torch.testing.assert_close(given, right)
    torch.testing.assert_close(lin.rows([0, 1]), plain.rows([0, 1]))
    assert float(lin.ledger().remainder.abs().max()) <= 1e-10
    assert abs(float(explain(model, x, "first", 0).residual)) <= 1e-10


def test_torchvision_images_as_inputs() -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    model = image_net(nn.Identity())
    x = inputs(1, 2, 6, 6)
    ex = explain(model, tv_tensors.Image(x), "1", 0)
    torch.testing.assert_close(ex.contributions, explain(model, x, "1", 0).contributions)


def test_an_input_that_requires_grad_or_is_a_view() -> None:
    model = Calls(lambda z: z.relu())
    base = torch.zeros(1, 8).double()
    view = base[:, ::2]
    view += X
    leaf = X.clone().requires_grad_()
    right = linearize(model, X).rows([0, 1])
    for x in (view, leaf, 1 * leaf):
        torch.testing.assert_close(linearize(model, x).rows([0, 1]), right)
    assert leaf.grad is None


@pytest.mark.filterwarnings("ignore:.*[Ss]parse.*")
@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.parametrize("use", ["product", "unused"])
def test_a_sparse_buffer(layout: str, use: str) -> None:
    """An adjacency matrix, as graph networks keep it."""

    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            adjacency = (torch.rand(4, 4) < 0.5).double()
            made = adjacency.to_sparse() if layout == "coo" else adjacency.to_sparse_csr()
            self.register_buffer("adjacency", made)
            self.linear = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            z = torch.sparse.mm(self.adjacency, x[0]) if use == "product" else x[0]
            return self.linear(z).relu().sum(0)[None]

    assert_right_or_refused(Graph().double().eval(), inputs(1, 4, 3), layers=(None, "linear"))


def test_shared_weights_and_a_module_under_two_names() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
            self.b.weight = self.a.weight
            self.again = self.a

        def forward(self, x: Tensor) -> Tensor:
            return self.again(self.b(self.a(x).relu()).relu())

    assert_right(Tied().double().eval(), X, layers=(None, "a", "a#2", "b"))


# --- whatever PyTorch raises ---------------------------------------------------------------------


class Failing(nn.Module):
    """Fails where derivatives are computed, and only there."""

    def __init__(self, fault: type[Exception]) -> None:
        super().__init__()
        self.linear, self.fault = nn.Linear(4, 2).double(), fault

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() or torch._C._functorch.maybe_current_level() is not None:
            raise self.fault("of\nthe model")
        return self.linear(x)


@pytest.mark.parametrize("fault", [RuntimeError, ValueError, NotImplementedError, KeyError])
def test_a_fault_of_the_model_is_told_in_one_line(fault: type[Exception]) -> None:
    refusal_of(lambda: linearize(Failing(fault).eval(), X))
    refusal_of(lambda: explain(Failing(fault).eval(), X, "linear", 0))


def test_an_interrupt_is_not_caught() -> None:
    class Interrupted(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        linearize(Interrupted().eval(), X)


def test_a_value_overwritten_that_its_derivative_needs() -> None:
    def overwrite(z: Tensor) -> Tensor:
        z = z.sigmoid()
        z += 1
        return z

    refusal_of(lambda: explain(Calls(overwrite), X, "first", 0))
