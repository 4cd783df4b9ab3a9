"""Attention as two products with a softmax between them."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from specxai.affine.tracing.baseline.composed import composed


@composed("scaled_dot_product_attention")
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor | None:
    """softmax(Q Kᵀ · scale + mask) V."""
    if dropout_p:
        return None
    if enable_gqa:
        groups = query.size(-3) // key.size(-3)
        key, value = (each.repeat_interleave(groups, -3) for each in (key, value))
    scale = query.size(-1) ** -0.5 if scale is None else scale
    scores = query @ key.transpose(-2, -1) * scale
    if is_causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~allowed, -torch.inf)
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    # Where everything is masked PyTorch gives zero, not NaN.
    return functional.softmax(scores, -1).nan_to_num(0.0) @ value


@composed("multi_head_attention_forward")
def multi_head_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> Any:
    """Projections, heads, attention, projection; positions first, then the batch."""
    if static_k is not None or static_v is not None or (training and dropout_p):
        return None
    batched = query.ndim == 3
    if not batched:
        query, key, value = (each[:, None] for each in (query, key, value))
    weights = (
        (q_proj_weight, k_proj_weight, v_proj_weight)
        if use_separate_proj_weight or in_proj_weight is None
        else in_proj_weight.chunk(3)
    )
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    projected = [
        functional.linear(each, weight, bias)  # type: ignore[arg-type]
        for each, weight, bias in zip((query, key, value), weights, biases, strict=True)
    ]
    q, k, v = _extended(projected, bias_k, bias_v)
    q, k, v = (_heads(each, num_heads) for each in (q, k, v))
    if add_zero_attn:
        k, v = (
            torch.cat([each, each.new_zeros(*each.shape[:2], 1, each.shape[3])], 2)
            for each in (k, v)
        )
    scores = q @ k.transpose(-2, -1) * q.size(-1) ** -0.5
    extra = scores.shape[-1] - key.shape[0]
    for mask in _masks(
        attn_mask,
        key_padding_mask if batched or key_padding_mask is None else key_padding_mask[None],
        len(q),
        num_heads,
    ):
        mask = functional.pad(mask, (0, extra))
        hidden = mask.dtype == torch.bool
        scores = scores.masked_fill(mask, -torch.inf) if hidden else scores + mask
    attended = functional.softmax(scores, -1)
    joined = (attended @ v).permute(2, 0, 1, 3).flatten(2)
    output = functional.linear(joined, out_proj_weight, out_proj_bias)
    shown = attended.mean(1) if average_attn_weights else attended
    if not batched:
        output, shown = output[:, 0], shown[0]
    return output, shown if need_weights else None


def _extended(
    projected: list[Tensor], bias_k: Tensor | None, bias_v: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Add the learned key and value, which every query may attend to."""
    q, k, v = projected
    if bias_k is not None and bias_v is not None:
        k = torch.cat([k, bias_k.expand(1, k.shape[1], -1)])
        v = torch.cat([v, bias_v.expand(1, v.shape[1], -1)])
    return q, k, v


def _heads(x: Tensor, heads: int) -> Tensor:
    """(positions, batch, heads · d) to (batch, heads, positions, d)."""
    parts: Tensor = x.unflatten(-1, (heads, x.shape[-1] // heads)).permute(1, 2, 0, 3)
    return parts


def _masks(
    attention: Tensor | None, padding: Tensor | None, batch: int, heads: int
) -> list[Tensor]:
    """Return masks in the shape of the scores, (batch, heads, queries, keys)."""
    masks = [] if padding is None else [padding[:, None, None]]
    if attention is not None:
        three = attention.ndim == 3
        masks.append(attention.unflatten(0, (batch, heads)) if three else attention[None, None])
    return masks
