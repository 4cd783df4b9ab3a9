"""segmentation-models-pytorch: every decoder, on small encoders."""

from collections.abc import Callable
from functools import partial

import torch

from sweep.case import Case

_DECODERS = (
    "Unet",
    "UnetPlusPlus",
    "FPN",
    "DeepLabV3",
    "DeepLabV3Plus",
    "PSPNet",
    "Linknet",
    "MAnet",
    "UPerNet",
    "Segformer",
)
_NETWORKS = {
    **{name: (name, "resnet18", 64) for name in _DECODERS},
    "PAN": ("PAN", "resnet18", 128),
    "DeepLabV3+, EfficientNet": ("DeepLabV3Plus", "efficientnet-b0", 64),
    "FPN, MiT": ("FPN", "mit_b0", 64),
    "DPT": ("DPT", "tu-vit_tiny_patch16_224", 64),
}


def cases() -> dict[str, Callable[[], Case]]:
    """Return the networks by name."""
    return {name: partial(_network, *entry) for name, entry in _NETWORKS.items()}


def _network(decoder: str, encoder: str, pixels: int) -> Case:
    import segmentation_models_pytorch as smp

    options = {"dynamic_img_size": True} if decoder == "DPT" else {}
    model = getattr(smp, decoder)(encoder, encoder_weights=None, classes=2, **options)
    return Case(model, torch.randn(1, 3, pixels, pixels))
