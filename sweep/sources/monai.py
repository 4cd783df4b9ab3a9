"""MONAI: networks of medical imaging, of two and three dimensions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from sweep.case import Case

_FLAT = {"spatial_dims": 2, "in_channels": 1, "out_channels": 2}
_SOLID = {"spatial_dims": 3, "in_channels": 1, "out_channels": 2}
_LEVELS = {"channels": (8, 16, 32), "strides": (2, 2)}
_FEATURES = (8, 8, 16, 16, 32, 8)
_KERNELS = {
    "kernel_size": [3, 3, 3],
    "strides": [1, 2, 2],
    "upsample_kernel_size": [2, 2],
    "filters": [8, 16, 16],
}
_VIT = {"hidden_size": 24, "mlp_dim": 48, "num_heads": 2}
_DILATED = (
    {"name": "conv_0", "n_features": 4, "kernel_size": 3},
    {"name": "res_1", "n_features": 4, "kernels": (3, 3), "repeat": 1},
    {"name": "res_2", "n_features": 8, "kernels": (3, 3), "repeat": 1},
    {"name": "conv_1", "n_features": 8, "kernel_size": 1},
    {"name": "conv_2", "kernel_size": 1},
)
_CLASSES = {"spatial_dims": 3, "n_input_channels": 1, "num_classes": 2}

# The name of a class, its options, and the edge of its image.
_NETWORKS: dict[str, tuple[str, dict[str, Any], int]] = {
    "UNet": ("UNet", {**_FLAT, **_LEVELS, "num_res_units": 2}, 32),
    "UNet, 3-D": ("UNet", {**_SOLID, **_LEVELS}, 16),
    "BasicUNet": ("BasicUNet", {**_FLAT, "features": _FEATURES}, 32),
    "BasicUNetPlusPlus": ("BasicUNetPlusPlus", {**_FLAT, "features": _FEATURES}, 32),
    "FlexibleUNet": (
        "FlexibleUNet",
        {"in_channels": 3, "out_channels": 2, "backbone": "efficientnet-b0", "pretrained": False},
        64,
    ),
    "AttentionUnet": ("AttentionUnet", {**_FLAT, **_LEVELS}, 32),
    "DynUNet": ("DynUNet", {**_FLAT, **_KERNELS, "res_block": True}, 32),
    "DynUNet, 3-D": ("DynUNet", {**_SOLID, **_KERNELS}, 16),
    "SegResNet": ("SegResNet", {**_SOLID, "init_filters": 8}, 16),
    "SegResNetDS": ("SegResNetDS", {**_SOLID, "init_filters": 8, "blocks_down": (1, 2)}, 16),
    "SegResNetVAE": (
        "SegResNetVAE",
        {**_SOLID, "init_filters": 8, "input_image_size": (16, 16, 16), "vae_nz": 8},
        16,
    ),
    "UNETR": ("UNETR", {**_SOLID, **_VIT, "img_size": (16, 16, 16), "feature_size": 8}, 16),
    "SwinUNETR": ("SwinUNETR", {**_FLAT, "feature_size": 12}, 64),
    "VNet": ("VNet", _FLAT, 16),
    "HighResNet, reduced": ("HighResNet", {**_SOLID, "layer_params": _DILATED}, 8),
    "MedNeXt": ("MedNeXt", {**_FLAT, "init_filters": 8}, 32),
    "ViT": (
        "ViT",
        {
            **_VIT,
            "in_channels": 1,
            "img_size": (16, 16),
            "patch_size": (8, 8),
            "num_layers": 2,
            "classification": True,
            "spatial_dims": 2,
        },
        16,
    ),
    "DenseNet": (
        "DenseNet",
        {**_FLAT, "init_features": 8, "growth_rate": 4, "block_config": (2, 2)},
        32,
    ),
    "ResNet10, 3-D": ("resnet10", _CLASSES, 16),
    "SENet": (
        "SEResNet50",
        {"spatial_dims": 2, "in_channels": 1, "num_classes": 2, "layers": (1, 1, 1, 1)},
        32,
    ),
    "EfficientNetBN": (
        "EfficientNetBN",
        {"model_name": "efficientnet-b0", "spatial_dims": 2, "pretrained": False, "num_classes": 2},
        64,
    ),
    "AHNet": ("AHNet", {**_SOLID, "psp_block_num": 0}, 32),
    "Regressor": (
        "Regressor",
        {"in_shape": (1, 32, 32), "out_shape": (3,), "channels": (8, 16), "strides": (2, 2)},
        32,
    ),
}


def cases() -> dict[str, Callable[[], Case]]:
    """Return the networks by name."""
    return {name: partial(_network, *entry) for name, entry in _NETWORKS.items()}


def _network(kind: str, options: dict[str, Any], edge: int) -> Case:
    from monai.networks import nets

    model: nn.Module = getattr(nets, kind)(**options)
    channels = 3 if kind in ("EfficientNetBN", "FlexibleUNet") else 1
    dimensions = 2 if kind == "Regressor" else options.get("spatial_dims", 2)
    return Case(model, torch.randn(1, channels, *[edge] * dimensions), forward=_first)


def _first(model: nn.Module, x: Tensor) -> Tensor:
    """Return the output, the first one where there are several."""
    found = model(x)
    return found[0] if isinstance(found, list | tuple) else found
