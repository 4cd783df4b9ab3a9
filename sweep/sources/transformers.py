"""transformers: tiny configurations of the architectures most used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from sweep.case import Case

# Layers this narrow need larger weights, or next to nothing passes through them.
_WEIGHTS = {"initializer_range": 0.2}
_TINY = {
    **_WEIGHTS,
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
_DECODER = {**_TINY, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0}
_VISION = {**_TINY, "image_size": 32, "patch_size": 8}
# The kernels for many experts at a time have no float64.
_EXPERTS = {
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "experts_implementation": "eager",
}
_PAIR = {
    "init_std": 0.2,
    "vocab_size": 50,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "pad_token_id": 0,
}
_T5 = {"vocab_size": 50, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
_GPT = {**_WEIGHTS, "vocab_size": 50, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 16}
_SPEECH = {
    **_TINY,
    "conv_dim": (16, 16),
    "conv_kernel": (10, 3),
    "conv_stride": (5, 2),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
_BLOOM = {**_WEIGHTS, "hidden_size": 16, "n_layer": 2, "n_head": 2}
_STAGES = {**_WEIGHTS, "depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 16, 32], "num_labels": 3}
_SWIN = {
    **_WEIGHTS,
    "image_size": 32,
    "patch_size": 2,
    "embed_dim": 8,
    "depths": [1, 1],
    "num_heads": [2, 2],
}


@dataclass(frozen=True)
class _Tiny:
    """A model by its class's name, its configuration, and the kind of its input."""

    model: str
    options: dict[str, Any]
    kind: str = "text"
    config: str = ""
    part: str = ""


_MODELS = {
    "BERT": _Tiny("BertForSequenceClassification", _TINY, "masked text"),
    "RoBERTa": _Tiny("RobertaForSequenceClassification", _TINY, "masked text"),
    "XLM-RoBERTa": _Tiny("XLMRobertaModel", _TINY),
    "DistilBERT": _Tiny(
        "DistilBertForSequenceClassification",
        {"vocab_size": 50, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    ),
    "ALBERT": _Tiny("AlbertForSequenceClassification", {**_TINY, "embedding_size": 16}),
    "ELECTRA": _Tiny("ElectraForSequenceClassification", {**_TINY, "embedding_size": 16}),
    "DeBERTa-v2": _Tiny(
        "DebertaV2ForSequenceClassification",
        {**_TINY, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    ),
    "DeBERTa": _Tiny("DebertaForSequenceClassification", _TINY),
    "MPNet": _Tiny("MPNetForSequenceClassification", _TINY),
    "ModernBERT": _Tiny("ModernBertForSequenceClassification", _DECODER),
    "FNet": _Tiny("FNetForSequenceClassification", _TINY),
    "Longformer": _Tiny(
        "LongformerModel", {**_TINY, "attention_window": 4, "pad_token_id": 0}, "long text"
    ),
    "BigBird": _Tiny("BigBirdModel", {**_TINY, "attention_type": "original_full"}),
    "XLNet": _Tiny(
        "XLNetForSequenceClassification",
        {"vocab_size": 50, "d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32},
    ),
    "ESM": _Tiny("EsmModel", {**_TINY, "pad_token_id": 0, "position_embedding_type": "rotary"}),
    "GPT-2": _Tiny("GPT2LMHeadModel", _GPT),
    "GPT-Neo": _Tiny(
        "GPTNeoForCausalLM",
        {
            "vocab_size": 50,
            "hidden_size": 16,
            "num_layers": 2,
            "num_heads": 2,
            **_WEIGHTS,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 4,
        },
    ),
    "GPT-J": _Tiny("GPTJForCausalLM", {**_GPT, "rotary_dim": 4}),
    "GPT-NeoX": _Tiny("GPTNeoXForCausalLM", _TINY),
    "OPT": _Tiny(
        "OPTForCausalLM",
        {
            "vocab_size": 50,
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "ffn_dim": 32,
            "word_embed_proj_dim": 16,
            "init_std": 0.2,
        },
    ),
    "BLOOM": _Tiny(
        "BloomForCausalLM", {"vocab_size": 50, "hidden_size": 16, "n_layer": 2, "n_head": 2}
    ),
    "Falcon": _Tiny("FalconForCausalLM", _TINY),
    "MPT": _Tiny("MptForCausalLM", {"vocab_size": 50, "d_model": 16, "n_layers": 2, "n_heads": 2}),
    "Llama": _Tiny("LlamaForCausalLM", _DECODER),
    "Mistral": _Tiny("MistralForCausalLM", _DECODER),
    "Mixtral": _Tiny("MixtralForCausalLM", {**_DECODER, **_EXPERTS, "num_local_experts": 4}),
    "Qwen2": _Tiny("Qwen2ForCausalLM", _DECODER),
    "Qwen3": _Tiny("Qwen3ForCausalLM", _DECODER),
    "Qwen3-MoE": _Tiny(
        "Qwen3MoeForCausalLM",
        {**_DECODER, **_EXPERTS, "num_experts": 4, "moe_intermediate_size": 16},
    ),
    "Gemma": _Tiny("GemmaForCausalLM", _DECODER),
    "Gemma 2": _Tiny("Gemma2ForCausalLM", _DECODER),
    "Phi": _Tiny("PhiForCausalLM", {**_TINY, "pad_token_id": 0}),
    "Phi-3": _Tiny("Phi3ForCausalLM", {**_TINY, "pad_token_id": 0}),
    "StarCoder2": _Tiny("Starcoder2ForCausalLM", {**_TINY, "num_key_value_heads": 1}),
    "OLMo 2": _Tiny("Olmo2ForCausalLM", {**_TINY, "pad_token_id": 0}),
    "Mamba": _Tiny("MambaForCausalLM", {**_TINY, "state_size": 4}),
    "RWKV": _Tiny("RwkvForCausalLM", {**_TINY, "attention_hidden_size": 16}),
    "T5": _Tiny("T5ForConditionalGeneration", _T5, "pair"),
    "T5 encoder": _Tiny("T5EncoderModel", _T5, config="T5Config"),
    "BART": _Tiny("BartForConditionalGeneration", _PAIR, "pair"),
    "Marian": _Tiny("MarianMTModel", {**_PAIR, "decoder_start_token_id": 1}, "pair"),
    "Pegasus": _Tiny("PegasusForConditionalGeneration", _PAIR, "pair"),
    "CLIP text": _Tiny("CLIPTextModel", {**_TINY, "eos_token_id": 2}, "clip text"),
    "CLIP vision": _Tiny("CLIPVisionModelWithProjection", _VISION, "image"),
    "SigLIP vision": _Tiny("SiglipVisionModel", _VISION, "image"),
    "ViT": _Tiny("ViTForImageClassification", _VISION, "image"),
    "ViT-MAE": _Tiny("ViTMAEModel", {**_VISION, "mask_ratio": 0.5}, "masked image"),
    "DeiT": _Tiny("DeiTForImageClassification", _VISION, "image"),
    "BEiT": _Tiny(
        "BeitForImageClassification", {**_VISION, "use_relative_position_bias": True}, "image"
    ),
    "DINOv2": _Tiny("Dinov2ForImageClassification", _VISION, "image"),
    "Swin": _Tiny("SwinForImageClassification", {**_SWIN, "window_size": 4}, "image"),
    "Swin v2": _Tiny("Swinv2ForImageClassification", {**_SWIN, "window_size": 4}, "image"),
    "ConvNeXt": _Tiny("ConvNextForImageClassification", _STAGES, "image"),
    "ResNet": _Tiny("ResNetForImageClassification", {**_STAGES, "embedding_size": 8}, "image"),
    "PoolFormer": _Tiny("PoolFormerForImageClassification", _STAGES, "image"),
    "MobileViT": _Tiny(
        "MobileViTForImageClassification",
        {
            **_WEIGHTS,
            "image_size": 64,
            "hidden_sizes": [16, 16, 16],
            "neck_hidden_sizes": [8, 8, 8, 16, 16, 16, 32],
            "num_attention_heads": 2,
        },
        "large image",
    ),
    "SegFormer": _Tiny(
        "SegformerForSemanticSegmentation",
        {
            **_WEIGHTS,
            "hidden_sizes": [8, 8, 16, 16],
            "depths": [1, 1, 1, 1],
            "num_attention_heads": [1, 1, 2, 2],
            "decoder_hidden_size": 16,
        },
        "large image",
    ),
    "DPT": _Tiny(
        "DPTForDepthEstimation",
        {
            **_VISION,
            "num_hidden_layers": 4,
            "neck_hidden_sizes": [8, 8, 8, 8],
            "backbone_out_indices": [0, 1, 2, 3],
            "fusion_hidden_size": 8,
        },
        "image",
    ),
    "YOLOS": _Tiny("YolosForObjectDetection", {**_VISION, "image_size": [32, 32]}, "image"),
    "VideoMAE": _Tiny("VideoMAEForVideoClassification", {**_VISION, "num_frames": 4}, "video"),
    "TimeSformer": _Tiny(
        "TimesformerForVideoClassification", {**_VISION, "num_frames": 4}, "video"
    ),
    "Wav2Vec2": _Tiny("Wav2Vec2ForSequenceClassification", _SPEECH, "waveform"),
    "HuBERT": _Tiny("HubertModel", _SPEECH, "waveform"),
    "Whisper encoder": _Tiny(
        "WhisperModel",
        {**_PAIR, "num_mel_bins": 8, "max_source_positions": 20},
        "spectrogram",
        part="encoder",
    ),
    "AST": _Tiny(
        "ASTForAudioClassification",
        {**_TINY, "num_mel_bins": 16, "max_length": 32, "patch_size": 8},
        "audio picture",
    ),
    "PatchTST": _Tiny(
        "PatchTSTForPrediction",
        {
            "num_input_channels": 2,
            "context_length": 32,
            "patch_length": 8,
            "patch_stride": 8,
            "d_model": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "ffn_dim": 32,
            "prediction_length": 4,
        },
        "series",
    ),
}


def cases() -> dict[str, Callable[[], Case]]:
    """Return the networks by name."""
    return {**{name: partial(_tiny, tiny) for name, tiny in _MODELS.items()}, "DETR": _detr}


def _inputs(kind: str) -> dict[str, Any]:
    text = torch.randn(1, 8, 16)
    mask = torch.ones(1, 8, dtype=torch.long)
    mask[0, 6:] = 0
    return {
        "text": {"inputs_embeds": text},
        "masked text": {"inputs_embeds": text, "attention_mask": mask},
        "long text": {"inputs_embeds": text, "attention_mask": torch.ones_like(mask)},
        "clip text": {"inputs_embeds": text},
        "pair": {"inputs_embeds": text, "decoder_inputs_embeds": torch.randn(1, 5, 16)},
        "image": {"pixel_values": torch.randn(1, 3, 32, 32)},
        "masked image": {"pixel_values": torch.randn(1, 3, 32, 32), "noise": torch.rand(1, 16)},
        "large image": {"pixel_values": torch.randn(1, 3, 64, 64)},
        "video": {"pixel_values": torch.randn(1, 4, 3, 32, 32)},
        "waveform": {"input_values": torch.randn(1, 400)},
        "spectrogram": {"input_features": torch.randn(1, 8, 40)},
        "audio picture": {"input_values": torch.randn(1, 32, 16)},
        "series": {"past_values": torch.randn(1, 32, 2)},
    }[kind]


def _tiny(tiny: _Tiny) -> Case:
    import transformers

    kind = getattr(transformers, tiny.model)
    config = getattr(transformers, tiny.config) if tiny.config else kind.config_class
    model = kind(config(**tiny.options))
    model = model.get_submodule(tiny.part) if tiny.part else model
    inputs = _inputs(tiny.kind)
    wrt = next(iter(inputs))
    return Case(model, inputs, wrt, _clip_text if tiny.kind == "clip text" else _output)


def _detr() -> Case:
    import transformers

    backbone = transformers.ResNetConfig(
        depths=[1, 1], hidden_sizes=[8, 16], embedding_size=8, out_features=["stage2"]
    )
    options = {name: value for name, value in _PAIR.items() if name != "vocab_size"}
    config = transformers.DetrConfig(**options, num_queries=5, backbone_config=backbone)
    model = transformers.DetrForObjectDetection(config)
    inputs = {
        "pixel_values": torch.randn(1, 3, 64, 64),
        "pixel_mask": torch.ones(1, 64, 64, dtype=torch.long),
    }
    return Case(model, inputs, "pixel_values", _output)


def _output(model: nn.Module, **inputs: Any) -> Tensor:
    """Return what the model is used for, or its last hidden state."""
    found = model(**inputs)
    names = ("logits", "image_embeds", "predicted_depth", "prediction_outputs", "last_hidden_state")
    return next(value for name in names if (value := getattr(found, name, None)) is not None)


def _clip_text(model: nn.Module, inputs_embeds: Tensor) -> Tensor:
    """Run CLIP's text tower from embeddings, which it does not take itself."""
    tower = getattr(model, "text_model", model)
    hidden = tower.embeddings(inputs_embeds=inputs_embeds)
    encoded = tower.encoder(inputs_embeds=hidden, is_causal=True, attention_mask=None)
    return tower.final_layer_norm(encoded.last_hidden_state)
