"""What random networks are made of: one step a line, as a template of Python.

``h`` is the value that passes through. ``<<expression>>`` makes a module, parameter or buffer and
stands for its name. ``(?a|b)`` is a choice. Names in braces are filled in: ``{last}``, ``{s1}`` \
and
the like from the shape of h, ``{e}`` an even number of channels. A condition comes before ``::``,
``;`` separates lines. `Frozen` values pass through ``self.hold``, where the reference replays \
them.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Pair(nn.Module):
    """Several outputs of one module."""

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return x.relu(), {"half": 0.5 * x}


class GatedPair(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.value, self.gate = nn.Linear(size, size), nn.Linear(size, size)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.value(x), self.gate(x).sigmoid()


@torch.jit.script
def scripted_swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


@torch.jit.script
def scripted_shrink(x: Tensor) -> Tensor:
    return torch.where(x > 0.2, x - 0.2, torch.zeros_like(x)) + 0.1


class Cube(torch.autograd.Function):
    """Everything that PyTorch asks of a function since 2.0, but for a forward-mode formula."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x**3 / 3

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * ctx.saved_tensors[0] ** 2


class OldSine(torch.autograd.Function):
    """In the form of PyTorch 1: neither vmap nor forward mode knows it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * ctx.saved_tensors[0].cos()


class Once(torch.autograd.Function):
    """Its derivative has none."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.relu() + 0.5

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * (ctx.saved_tensors[0] > 0)


PIECEWISE_LINEAR = """
h = h.relu()
h = h.relu_()
h = F.relu(h, inplace=True)
h = <<nn.ReLU(inplace=True)>>(h)
h = <<nn.ReLU6()>>(3 * h)
h = <<nn.LeakyReLU(0.2)>>(h)
h = <<nn.PReLU()>>(h)
h = <<nn.Hardtanh(-0.7, 0.9)>>(h)
h = h.abs()
h = h.clamp(-1, 0.5)
h = F.hardsigmoid(h)
h = F.softshrink(h, 0.2)
h = F.threshold(h, 0.1, -0.2)
h = h * (h > 0)
h = h * (h > 0.1).to(h.dtype) + 0.1
h = torch.where(h > 0.1, h, 0.3 * h)
h = torch.where(<<torch.rand({S}) < 0.5>>, h, -h.relu())
h = torch.maximum(h, 0.5 * h.flip(-1))
h = h.masked_fill(h < -0.5, 0.25)
h = h.clone() ; h[h < 0] = 0
h = 1.5 * h ; h.masked_fill_(<<torch.rand({S}) < 0.3>>, 0.5)
h = h + 0.1 ; h += 0.2 * h.flip(1)
h = h.clone() ; h.mul_(1.5).sub_(0.2)
h.add_(0.3)
h *= 0.5
h = 0.5 + h ; h[:, 0].mul_(2)
h = h.clone() ; h[:, 1:] += h[:, :-1].relu()
z = torch.zeros(h.shape, dtype=h.dtype) ; z[:, 1:] = h[:, :-1] ; h = h - z
z = torch.zeros_like(h) ; z[:, ::2] = h[:, ::2] ; h = z + 0.5 * h
h = h.flip(1)
h = h.roll(1, -1)
a, b = h.split([1, {s1} - 1], 1) ; h = torch.cat([b, a.relu()], 1)
s1 % 2 == 0 :: a, b = h.chunk(2, 1) ; h = torch.cat([b - a, a.relu()], 1)
h = torch.stack([h, h.relu(), -h]).(?sum|mean|amax)(0)
h = torch.stack(h.unbind(1)[::-1], 1)
h = h[:, <<torch.randperm({s1})>>]
h = h.index_select(1, <<torch.randint(0, {s1}, ({s1},))>>) + h
h = h.gather(-1, <<torch.randint(0, {last}, {S})>>) - 0.5 * h
h = torch.zeros_like(h).scatter_add(-1, <<torch.randint(0, {last}, {S})>>, h)
h = h.index_add(1, <<torch.tensor([0, 0])>>, h[:, :2].relu())
h = h.index_put((<<torch.tensor([0])>>, <<torch.tensor([1])>>), h[:1, 0].relu())
h = <<nn.Dropout(0.5)>>(h)
h = h.cumsum(1) / {s1}
h = h.sort(-1, descending=(?True|False)).values
h = h.topk({last}, -1)[0] + h
h = h + h.mean(-1, keepdim=True)
h = h - h.amax(-1, keepdim=True)
h = h - h.median(-1, keepdim=True).values
h = h.cummax(-1).values
h = h.lerp(h.relu(), 0.3)
h = torch.addcmul(h, h.relu(), <<torch.rand({S})>>)
h = <<nn.Linear({last}, {e})>>(h)
h = h @ <<torch.randn({last}, {last})>>
h = torch.einsum('...i,ij->...j', h, <<torch.randn({last}, {last}) / 2>>)
f = <<nn.Linear({last}, {last})>> ; h = f(f(h).relu())
f = <<nn.ReLU()>> ; h = f(f(h + 0.1) - 0.5) + f(-h)
h = h + <<nn.Sequential(nn.Linear({last}, 4), nn.ReLU(inplace=True), nn.Linear(4, {last}))>>(h)
a, b = <<Pair()>>(h) ; h = a - b['half']
h = checkpoint(<<nn.Sequential(nn.Linear({last}, {last}), nn.ReLU())>>, h, \
use_reentrant=(?True|False))
h = h - <<nn.Parameter(torch.randn({S}))>>
h = sum([h, h.relu(), 0.1])
"""

SMOOTH = """
h = F.gelu(h)
h = <<nn.GELU('tanh')>>(h)
h = <<nn.SiLU(inplace=True)>>(h)
h = h.sigmoid()
h = h.clone().tanh_()
h = <<nn.Tanh()>>(h)
h = F.softplus(h)
h = F.hardswish(h)
h = F.elu(h, 0.7)
h = F.mish(h)
h = h * h.sigmoid()
h = 0.3 * h * h
h = h * h.flip(1)
h = h**2 / 4
h = h / (1 + h.abs())
h = h * h.mean(1, keepdim=True)
h = h.softmax(-1)
h = h.log_softmax(1)
h = torch.exp(-h.abs())
h = F.normalize(h, dim=1)
h = h / (0.5 + h.norm(dim=-1, keepdim=True))
h = (h.relu() + 0.1).sqrt()
h = h * torch.rsqrt(1 + h.square())
h = h - h.logsumexp(-1, keepdim=True)
h = h / (0.3 + h.std(1, keepdim=True))
h = (h - h.mean(1, keepdim=True)) / (h.var(1, keepdim=True) + 0.1).sqrt()
h = torch.fft.fft(h).abs()
h = F.layer_norm(h, h.shape[1:])
h = <<nn.LayerNorm({last})>>(h)
h = h.cos()
h = torch.logaddexp(h, -h)
h = h.mul_(h.sigmoid())
h *= h.tanh()
last % 2 == 0 :: h = F.glu(<<nn.Linear({last}, {last})>>(h), -1)
a, b = <<GatedPair({last})>>(h) ; h = a * b
h = checkpoint(<<nn.Sequential(nn.Linear({last}, {last}), nn.Tanh())>>, h, \
use_reentrant=(?True|False))
"""

HIDDEN = """
h = scripted_swish(h)
h = scripted_shrink(h)
h = Cube.apply(h)
h = OldSine.apply(h)
h = Once.apply(h)
"""

FROZEN = """
c = self.hold(h.detach()) ; h = h * c.sigmoid()
with torch.no_grad(): c = h.tanh() ; c = self.hold(c) ; h = h + c
with torch.no_grad(): c = <<nn.Linear({last}, {last})>>(h).relu_() ; c = self.hold(c) ; h = h * c
with torch.no_grad(): c = h.clone().mul_(2).add_(0.1) ; c = self.hold(c) ; h = h - c
with torch.set_grad_enabled(False): c = h.abs().amax() ; c = self.hold(c) ; h = h / (1 + c)
c = self.hold(h.data) ; h = h + c.abs()
c = self.hold(h.abs().max().item()) ; h = h / (1 + c)
c = self.hold(h.clone().detach_()) ; h = h.relu() + c
"""

STATE = """
<<torch.zeros((), dtype=torch.long)>>.add_(1)
<<torch.zeros({S})>>.copy_(h.detach())
<<torch.zeros({S})>>.lerp_(h.detach(), 0.1)
self.steps = getattr(self, 'steps', 0) + 1
"""

IMAGE = """
h = <<nn.Conv2d({c}, {e}, 3, padding=1, padding_mode='(?zeros|reflect|replicate|circular)')>>(h)
h = <<nn.Conv2d({c}, {e}, (?1|2|3), stride=(?1|2), padding=1)>>(h)
c % 2 == 0 :: h = <<nn.Conv2d({c}, {c}, 3, padding=1, groups=(?2|{c}), bias=(?True|False))>>(h)
h = <<nn.ConvTranspose2d({c}, {e}, 2, stride=(?1|2))>>(h)
h = <<nn.BatchNorm2d({c})>>(h)
h = <<nn.BatchNorm2d({c})>>(h.transpose(2, 3))
h = <<nn.BatchNorm2d({c})>>(h.contiguous(memory_format=torch.channels_last))
h = <<nn.BatchNorm2d({c})>>(h).permute(0, 2, 3, 1) ; \
h = <<nn.Linear({c}, {c})>>(h).permute(0, 3, 1, 2)
h = F.relu(<<nn.BatchNorm2d({c})>>(<<nn.Conv2d({c}, {c}, 3, padding=1, bias=False)>>(h)) + h)
h = <<nn.InstanceNorm2d({c}, affine=True, track_running_stats=True)>>(h)
h = h.transpose(1, 2).contiguous().transpose(1, 2)
h = h.permute(0, 1, 3, 2)
h = h.contiguous(memory_format=torch.channels_last)
h = <<nn.MaxPool2d(3, (?1|2), padding=1)>>(h)
h = F.max_pool2d(h, 2, 1)
h = <<nn.AvgPool2d(2, 1)>>(h)
h = F.avg_pool2d(h, 3, 2, 1, count_include_pad=(?True|False))
h = F.adaptive_(?avg|max)_pool2d(h, 2)
h = F.interpolate(h, scale_factor=2, mode='(?nearest|bilinear|bicubic)')
h = <<nn.Upsample(size=({H} + 1, {W}))>>(h)
h = F.pixel_shuffle(<<nn.Conv2d({c}, 8, 1)>>(h), 2)
H % 2 == 0 and W % 2 == 0 :: h = F.pixel_unshuffle(h, 2)
c % 2 == 0 :: h = h.view(1, 2, {c} // 2, {H}, {W}).transpose(1, 2).flatten(1, 2)
c % 2 == 0 :: h = <<nn.ChannelShuffle(2)>>(h)
h = F.pad(h, (1, 0, 0, 1), mode='(?reflect|replicate|circular|constant)')
h = <<nn.Dropout2d()>>(h)
h = <<nn.BatchNorm1d({c})>>(h.flatten(2)).unflatten(2, ({H}, {W}))
h = F.grid_sample(h, <<torch.rand(1, 3, 3, 2) * 2 - 1>>, align_corners=False)
h = torch.cat([h, F.relu(<<nn.Conv2d({c}, 2, 3, padding=1)>>(h))], 1)
h = F.fold(F.unfold(h, 2), ({H}, {W}), 2) / 4
h = h.clone() ; h[:, :, 0] = h[:, :, -1].relu()
h = torch.cat([h[:, :, ::2], h[:, :, 1::2]], 2)
"""

SMOOTH_IMAGE = """
h = <<nn.InstanceNorm2d({c}, affine=(?True|False))>>(h)
h = <<nn.GroupNorm(1, {c})>>(h)
c % 2 == 0 :: h = <<nn.GroupNorm(2, {c})>>(h)
h = <<nn.LayerNorm({c})>>(h.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
h = h * <<nn.Sequential(nn.Conv2d({c}, 2, 1), nn.ReLU(), nn.Conv2d(2, {c}, 1), \
nn.Sigmoid())>>(h.mean((2, 3), keepdim=True))
h = h * F.adaptive_max_pool2d(h, 1).sigmoid()
h = <<nn.LocalResponseNorm(2)>>(h)
c % 2 == 0 :: a, b = h.chunk(2, 1) ; h = a * b.sigmoid()
h = F.lp_pool2d(h.relu() + 0.1, 2, 2, 1)
"""

IMAGE_TO_TOKENS = """
h = h.flatten(2).transpose(1, 2)
h = <<nn.BatchNorm2d({c})>>(h).flatten(2).transpose(1, 2)
h = h.permute(0, 2, 3, 1).reshape(1, -1, {c})
h = F.unfold(h, 2).transpose(1, 2)
h = h.flatten(2)
"""

IMAGE_TO_VECTOR = """
h = h.flatten(1)
h = h.mean((2, 3))
h = h.amax((2, 3))
h = F.adaptive_max_pool2d(h, 2).view(1, -1)
"""

SMOOTH_IMAGE_TO_VECTOR = """
h = h.flatten(2).logsumexp(2)
h = h.norm(dim=(2, 3))
"""

TOKENS = """
h = <<nn.Linear({last}, {e})>>(h)
h = <<nn.BatchNorm1d({n})>>(h)
h = <<nn.BatchNorm1d({last})>>(h.transpose(1, 2)).transpose(1, 2)
h = <<nn.BatchNorm1d({last})>>(h.transpose(1, 2)) ; h = <<torch.randn(2, {last})>> @ h
h = <<nn.BatchNorm1d({last})>>(h.flatten(0, 1)).unflatten(0, (1, {n}))
h = <<nn.InstanceNorm1d({n}, track_running_stats=True)>>(h)
h = <<nn.Conv1d({n}, {e}, 3, padding=1)>>(h)
h = <<nn.Conv1d({last}, {e}, 3, padding=1)>>(h.mT).mT
h = <<nn.Linear({n}, {n})>>(h.mT).mT
h = h.transpose(1, 2)
h = torch.cat([<<nn.Parameter(torch.randn(1, 1, {last}))>>.expand(1, -1, -1), h], 1)
h = h + <<nn.Parameter(torch.randn({n}, {last}))>>
h = h.sort(1).values
h = h.topk(2, 1).values
h = h.roll(1, 1) - h
h = F.pad(h, (0, 0, 1, 0))
h = F.max_pool1d(h.mT, 3, 1, 1).mT
h = torch.zeros(1, 3, {last}, dtype=h.dtype).index_add(1, <<torch.randint(0, 3, ({n},))>>, h)
h = torch.zeros(1, 3, {last}, dtype=h.dtype).scatter_reduce(1, <<torch.randint(0, 3, \
({n},))>>[None, :, None].expand(1, -1, {last}), h, '(?sum|mean|amax)')
h = torch.stack([<<nn.Linear({last}, 3)>>(t) for t in h.unbind(1)], 1)
h = torch.bmm(<<torch.rand(1, 3, {n})>>, h)
h = h.unfold(1, 2, 1).flatten(2)
"""

SMOOTH_TOKENS = """
h = <<nn.InstanceNorm1d({n})>>(h)
h = <<nn.RMSNorm({last})>>(h)
last % 2 == 0 :: h = <<nn.MultiheadAttention({last}, 2, batch_first=True)>>(h, h, h, \
need_weights=(?True|False))[0]
last % 2 == 0 :: h = <<nn.MultiheadAttention({last}, 2, batch_first=True)>>(h, h, h, \
attn_mask=<<torch.ones({n}, {n}).triu(1).bool()>>)[0]
last % 2 == 0 :: h = <<nn.TransformerEncoderLayer({last}, 2, 8, batch_first=True, \
norm_first=(?True|False), activation='(?relu|gelu)')>>(h)
last % 2 == 0 :: h = <<nn.TransformerEncoder(nn.TransformerEncoderLayer({last}, 2, 8, \
batch_first=True), 1, enable_nested_tensor=False)>>(h, \
src_key_padding_mask=<<torch.arange({n})[None] > 1>>)
h = <<nn.LSTM({last}, {e}, batch_first=True, bidirectional=(?True|False))>>(h)[0]
h = <<nn.GRU({last}, {e}, batch_first=True)>>(h)[0]
h = <<nn.RNN({last}, {e}, batch_first=True, nonlinearity='(?tanh|relu)')>>(h)[0]
q, k, v = <<nn.Linear({last}, 12)>>(h).chunk(3, -1) ; a = q @ k.mT / 2 ; h = a.softmax(-1) @ v
q, k, v = <<nn.Linear({last}, 12)>>(h).chunk(3, -1) ; \
a = (q @ k.mT / 2).masked_fill(<<torch.ones({n}, {n}).triu(1).bool()>>, float('-inf')) ; \
h = a.softmax(-1) @ v
q, k, v = <<nn.Linear({last}, 12)>>(h).chunk(3, -1) ; \
a = (q @ k.mT / 2).masked_fill(<<torch.ones({n}, {n}).triu(1).bool()>>, torch.finfo(h.dtype).min) \
; h = a.softmax(-1) @ v
q, k, v = <<nn.Linear({last}, 12)>>(h).chunk(3, -1) ; \
h = F.scaled_dot_product_attention(q, k, v, attn_mask=<<torch.full(({n}, {n}), \
float('-inf')).triu(1)>>)
q, k, v = <<nn.Linear({last}, 12)>>(h).chunk(3, -1) ; \
h = F.scaled_dot_product_attention(q, k, v, is_causal=(?True|False))
q, k, v = <<nn.Linear({last}, 12)>>(h).unflatten(-1, (3, 2, 2)).permute(2, 0, 3, 1, 4) ; \
h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
a = torch.einsum('bnd,bmd->bnm', h, h) / {last} ; \
h = torch.einsum('bnm,bmd->bnd', a.softmax(-1), h)
a = (h @ h.mT).masked_fill(h[..., :1] > 0.5, -1e9).softmax(1) ; h = a.mT @ h
h = torch.bmm(h, h.mT) / {last}
h = h * (h.mean(-1, keepdim=True)).softmax(1)
h = <<nn.Bilinear({last}, {last}, {e})>>(h, h.relu())
"""

TOKENS_TO_IMAGE = """
n == 4 or n == 9 :: h = h.transpose(1, 2).reshape(1, {last}, int({n}**0.5), int({n}**0.5))
h = torch.stack([h, h.relu()], 1)
h = h.transpose(1, 2).unsqueeze(-1) * <<torch.ones(1, 1, 1, 2)>>
"""

TOKENS_TO_VECTOR = """
h = h[:, 0]
h = h[:, -1]
h = h.mean(1)
h = h.amax(1)
h = h.flatten(1)
h = torch.cat([h.mean(1), h.amax(1)], -1)
"""

SMOOTH_TOKENS_TO_VECTOR = """
h = h.logsumexp(1)
h = h.norm(dim=1)
h = (h * <<nn.Linear({last}, 1)>>(h).softmax(1)).sum(1)
h = <<nn.LSTM({last}, 4, batch_first=True)>>(h)[1][0][-1]
"""

VECTOR = """
h = <<nn.Linear({last}, {e})>>(h)
h = <<nn.BatchNorm1d({last})>>(h)
h = h + F.relu(<<nn.Linear({last}, {last})>>(h))
h = torch.addmm(<<torch.randn({last})>>, h, <<torch.randn({last}, {last}) / 2>>)
last % 2 == 0 :: h = h.view(1, -1, 2).amax(-1)
h = torch.cat([h, <<nn.Linear({last}, 2)>>(h).relu()], 1)
h = torch.outer(h[0], <<torch.rand(2)>>).flatten()[None]
"""

SMOOTH_VECTOR = """
h = <<nn.Bilinear({last}, {last}, {e})>>(h, h)
last % 2 == 0 :: h = <<nn.GroupNorm(2, {last})>>(h)
h = <<nn.GRUCell({last}, 4)>>(h)
h = torch.outer(h[0], h[0].relu()).mean(1)[None]
last % 2 == 0 :: a, b = h.split({last} // 2, 1) ; h = torch.cat([a * b.tanh(), b], 1)
"""

VECTOR_TO_IMAGE = """
h = <<nn.Linear({last}, 18)>>(h).view(1, 2, 3, 3)
h = <<nn.Linear({last}, 32)>>(h).unflatten(1, (2, 4, 4))
"""

VECTOR_TO_TOKENS = """
h = <<nn.Linear({last}, 12)>>(h).view(1, 3, 4)
h = h[:, :, None] * <<torch.rand(1, 1, 4)>>
last % 2 == 0 :: h = h.reshape(1, 2, -1).transpose(1, 2)
"""
