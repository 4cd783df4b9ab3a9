"""Masked attention in its many spellings: exact, its ledger closed, in every dtype."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from awkward import assert_right, inputs, refusal
from specxai import SpecxaiError, explain, linearize

pytestmark = pytest.mark.slow  # every form of attention: half a minute together

F = torch.nn.functional
N, D = 5, 8
LATER = torch.ones(N, N, dtype=torch.bool).triu(1)
INFINITE = float("-inf")


def attention(scores: Tensor, v: Tensor) -> Tensor:
    return scores.softmax(-1) @ v


def filled(value: Callable[[Tensor], float]) -> Callable[..., Tensor]:
    def attend(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
        scores = q @ k.transpose(1, 2) / D**0.5
        return attention(scores.masked_fill(LATER, value(q)), v)

    return attend


def filled_in_place(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    scores = q @ k.mT
    scores.masked_fill_(LATER, INFINITE)
    return attention(scores, v)


def chosen(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    scores = torch.where(LATER, torch.full((), INFINITE, dtype=q.dtype), q @ k.mT)
    return attention(scores, v)


def assigned(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    scores = q @ k.mT
    scores[:, LATER] = INFINITE
    return attention(scores, v)


def local_window(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    """The scores of a window put into a tensor of −inf."""
    scores = torch.full((1, N, N), INFINITE, dtype=q.dtype)
    scores[:, :, :3] = (q @ k.mT)[:, :, :3]
    return attention(scores, v)


def padded_with_infinity(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    return attention(F.pad(q @ k.mT, (1, 0), value=INFINITE)[..., 1:], v)


def multiplied(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    weights = (q @ k.mT).exp() * (~LATER)
    return weights / weights.sum(-1, keepdim=True) @ v


def of_the_input(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    """Tokens whose mean is small are padding."""
    padding = (v.mean(-1) < -0.3)[:, None]
    return attention((q @ k.mT).masked_fill(padding, INFINITE), v)


def of_logits(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    """Masks before log-softmax and logsumexp."""
    scores = (q @ k.mT).masked_fill(LATER, INFINITE)
    return scores.log_softmax(-1).exp() @ v + scores.logsumexp(-1, keepdim=True)


def top_k(q: Tensor, k: Tensor, v: Tensor, _: Tensor) -> Tensor:
    scores = q @ k.mT
    least = scores.topk(3, -1).values[..., -1:]
    return attention(scores.masked_fill(scores < least, INFINITE), v)


def maximum(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """A max over what is not masked, as pooling over valid tokens."""
    return v + v.masked_fill(LATER[1][None, :, None], INFINITE).amax(1, keepdim=True)


ATTEND: dict[str, Callable[..., Tensor]] = {
    "masked_fill -inf": filled(lambda q: INFINITE),
    "masked_fill finfo.min": filled(lambda q: torch.finfo(q.dtype).min),
    "masked_fill -1e4": filled(lambda q: -1e4),
    "masked_fill_": filled_in_place,
    "where": chosen,
    "an assignment": assigned,
    "a window": local_window,
    "pad": padded_with_infinity,
    "a product": multiplied,
    "a mask of the input": of_the_input,
    "log_softmax": of_logits,
    "top k": top_k,
    "a maximum": maximum,
    "an additive buffer": lambda q, k, v, mask: attention(q @ k.mT + mask, v),
    "baddbmm": lambda q, k, v, mask: attention(torch.baddbmm(mask[None], q, k.mT), v),
    "sdpa, float mask": lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m),
    "sdpa, bool mask": lambda q, k, v, _: F.scaled_dot_product_attention(q, k, v, ~LATER),
    "sdpa, causal": lambda q, k, v, _: F.scaled_dot_product_attention(q, k, v, is_causal=True),
}


class Masked(nn.Module):
    def __init__(self, attend: Callable[..., Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.qkv, self.out, self.attend = nn.Linear(D, 3 * D), nn.Linear(D, 2), attend
        self.mask = torch.full((N, N), INFINITE).triu(1).double()
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.attend(*self.qkv(x).chunk(3, -1), self.mask).mean(1))


class Buffered(Masked):
    """With the mask in a buffer, as open_clip's text tower has it."""

    def __init__(self, attend: Callable[..., Tensor]) -> None:
        super().__init__(attend)
        mask = self.__dict__.pop("mask")
        self.register_buffer("mask", mask, persistent=False)


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("attend", ["an additive buffer", "baddbmm", "sdpa, float mask"])
def test_a_buffer_of_infinity(attend: str, rule: str) -> None:
    assert_right(Buffered(ATTEND[attend]), inputs(1, N, D), rule=rule, layers=(None, "qkv"))


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("attend", ATTEND)
def test_exact_in_double_precision(attend: str, rule: str) -> None:
    assert_right(Masked(ATTEND[attend]), inputs(1, N, D), rule=rule, layers=(None, "qkv"))


@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "attend", ["masked_fill -inf", "masked_fill finfo.min", "sdpa, float mask"]
)
def test_closed_in_fewer_digits(attend: str, dtype: torch.dtype, rule: str) -> None:
    model = Buffered(ATTEND[attend]).to(dtype)
    lin = linearize(model, inputs(1, N, D).to(dtype), rule)
    everything = lin.ledger()
    scale = max(1.0, float(everything.bias.abs().max()))
    assert float(everything.remainder.abs().max()) <= 1e-4 * scale
    assert abs(float(lin.ledger(0).remainder)) <= 1e-4 * scale
    ex = explain(model, inputs(1, N, D).to(dtype), "qkv", 0, rule=rule)
    assert abs(float(ex.residual)) <= 1e-4 * scale


def test_infinite_values_of_weights_are_still_refused() -> None:
    model = Buffered(ATTEND["an additive buffer"])
    model.qkv.weight.data[0, 0] = INFINITE
    with pytest.raises(SpecxaiError, match=r"'qkv\.weight'"):
        linearize(model, inputs(1, N, D))


def test_values_that_are_not_finite_and_not_used() -> None:
    """A bound of −inf, as timm's clipped linear layers have; a buffer of NaN for later use."""

    class Clipped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.linear = nn.Linear(4, 3)
            self.register_buffer("least", torch.tensor(INFINITE))
            self.register_buffer("most", torch.tensor(float("inf")))
            self.register_buffer("unused", torch.full((3,), float("nan")))

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x).clamp(self.least, self.most)

    assert_right(Clipped().double().eval(), inputs(1, 4), layers=(None, "linear"))


def test_a_buffer_of_nan_that_is_used_is_named() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("scale", torch.full((3,), float("nan")))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.scale

    with pytest.raises(SpecxaiError, match="NaN") as caught:
        linearize(Scaled().double().eval(), inputs(1, 3))
    assert "scale" in str(caught.value)


# --- PyTorch's own transformers, whose evaluation takes other ways -------------------------------


class Encoded(nn.Module):
    """An encoder with a mask of padding; ``pool`` reads its output."""

    def __init__(self, pool: Callable[[Tensor], Tensor], layers: int = 2, **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(D, 2, 16, batch_first=True, **options)
        self.enc, self.fc = nn.TransformerEncoder(layer, layers), nn.Linear(D, 3)
        self.pool = pool
        self.eval()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.fc(self.pool(self.enc(x, src_key_padding_mask=mask)))


PADDED = torch.tensor([[False] * 3 + [True] * 2])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("rule", ["tangent", "secant"])
@pytest.mark.parametrize("layer", ["enc", "enc.layers.0", "enc.layers.1", "enc.layers.0.linear1"])
def test_an_encoder_with_padding(layer: str, rule: str, dtype: torch.dtype) -> None:
    model = Encoded(lambda z: z[:, 0]).to(dtype)
    x = inputs(1, N, D).to(dtype)
    ex = explain(model, (x, PADDED), layer, 0, rule=rule)
    with torch.no_grad():
        output = model(x, PADDED)
    within = 1e-9 if dtype == torch.float64 else 1e-4
    assert abs(float(ex.residual)) <= within
    assert abs(float(ex.output - output[0, 0])) <= within


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_derivative_of_an_encoder_with_padding(activation: str) -> None:
    model = Encoded(lambda z: z[:, 0], activation=activation).double()
    assert_right(
        model, (inputs(1, N, D), PADDED), lambda x: model(x.clone(), PADDED), layers=("enc",)
    )


@pytest.mark.parametrize("pool", [lambda z: z.mean(1), lambda z: z[:, -1]], ids=["mean", "padded"])
def test_padded_positions_that_are_read(pool: Callable[[Tensor], Tensor]) -> None:
    """Zero on the way of evaluation and not on that of derivatives: one of both, or a refusal."""
    model, x = Encoded(pool).double(), inputs(1, N, D)

    def explained() -> None:
        lin = linearize(model, (x, PADDED))
        with torch.no_grad():
            output = model(x, PADDED)
        torch.testing.assert_close(lin.output, output)
        torch.testing.assert_close(lin.jvp(lin.x) + lin.bias(), output)

    assert "random" not in refusal(explained)


@pytest.mark.parametrize("layer", [None, "enc", "enc.layers.1"])
def test_an_encoder_with_a_causal_mask(layer: str | None) -> None:
    class Causal(Encoded):
        def forward(self, x: Tensor) -> Tensor:
            mask = nn.Transformer.generate_square_subsequent_mask(N).to(x.dtype)
            return self.fc(self.enc(x, mask=mask, is_causal=True).mean(1))

    assert_right(Causal(lambda z: z).double(), inputs(1, N, D), layers=(layer,))
