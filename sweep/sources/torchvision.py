"""torchvision: every family of classification, segmentation, detection, video, optical flow."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.optical_flow import raft

from sweep.case import Case

# The smallest of each family, the pixels it is shown, and options.
_CLASSIFICATION: dict[str, tuple[int, dict[str, Any]]] = {
    "alexnet": (64, {}),
    "convnext_tiny": (64, {}),
    "densenet121": (64, {}),
    "efficientnet_b0": (64, {}),
    "efficientnet_v2_s": (64, {}),
    "googlenet": (64, {"init_weights": False}),
    "inception_v3": (96, {"init_weights": False}),
    "mnasnet0_5": (64, {}),
    "mobilenet_v2": (64, {}),
    "mobilenet_v3_small": (64, {}),
    "regnet_x_400mf": (64, {}),
    "regnet_y_400mf": (64, {}),
    "resnet18": (64, {}),
    "resnet50": (64, {}),
    "resnext50_32x4d": (64, {}),
    "shufflenet_v2_x0_5": (64, {}),
    "squeezenet1_0": (64, {}),
    "squeezenet1_1": (64, {}),
    "swin_t": (64, {}),
    "swin_v2_t": (64, {}),
    "vgg11": (64, {}),
    "vgg11_bn": (64, {}),
    "vit_b_32": (64, {"image_size": 64}),
    "wide_resnet50_2": (64, {}),
}
_SEGMENTATION = ("deeplabv3_mobilenet_v3_large", "fcn_resnet50", "lraspp_mobilenet_v3_large")
_VIDEO = {
    "mc3_18": (4, 32, 32),
    "r2plus1d_18": (4, 32, 32),
    "r3d_18": (4, 32, 32),
    "s3d": (16, 64, 64),
    "swin3d_t": (4, 64, 64),
}
_BARE = {"weights": None, "weights_backbone": None}
# What each detector's heads make of an image, before boxes are chosen among them.
_DETECTION: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": lambda model, x: _proposed(model, x),
    "fcos_resnet50_fpn": lambda model, x: _headed(model, x)["bbox_ctrness"],
    "keypointrcnn_resnet50_fpn": lambda model, x: _pooled(model, x, "keypoint"),
    "maskrcnn_resnet50_fpn": lambda model, x: _pooled(model, x, "mask"),
    "retinanet_resnet50_fpn": lambda model, x: _headed(model, x)["cls_logits"],
    "ssd300_vgg16": lambda model, x: _finest(model, x),
    "ssdlite320_mobilenet_v3_large": lambda model, x: _headed(model, x)["cls_logits"],
}


def cases() -> dict[str, Callable[[], Case]]:
    """Return the networks by name."""
    return {
        **{name: partial(_classifier, name) for name in _CLASSIFICATION},
        "maxvit, reduced": _maxvit,
        "mvit_v2, reduced (video)": _mvit,
        **{name: partial(_segmentation, name) for name in _SEGMENTATION},
        **{name: partial(_video, name) for name in _VIDEO},
        **{f"{name} (heads)": partial(_detector, name) for name in _DETECTION},
        "raft_small (flow)": partial(_flow, "raft_small"),
        "raft_large (flow)": partial(_flow, "raft_large"),
    }


def _classifier(name: str) -> Case:
    pixels, options = _CLASSIFICATION[name]
    model = torchvision.models.get_model(name, weights=None, num_classes=10, **options)
    return Case(model, torch.randn(1, 3, pixels, pixels))


def _maxvit() -> Case:
    model = torchvision.models.MaxVit(
        input_size=(64, 64),
        stem_channels=16,
        partition_size=2,
        block_channels=[16, 32, 64, 128],
        block_layers=[1, 1, 1, 1],
        head_dim=16,
        stochastic_depth_prob=0.0,
        num_classes=10,
    )
    return Case(model, torch.randn(1, 3, 64, 64))


def _segmentation(name: str) -> Case:
    model = torchvision.models.get_model(name, **_BARE, num_classes=3)
    return Case(model, torch.randn(1, 3, 64, 64), forward=lambda model, x: model(x)["out"])


def _video(name: str) -> Case:
    model = torchvision.models.get_model(name, weights=None, num_classes=10)
    if name == "s3d":  # its own pooling wants 224 pixels
        model.avgpool = nn.AdaptiveAvgPool3d(1)
    return Case(model, torch.randn(1, 3, *_VIDEO[name]))


def _mvit() -> Case:
    from torchvision.models.video.mvit import MSBlockConfig, MViT

    wide, narrow, flat = (3, 3, 3), (1, 2, 2), (1, 1, 1)
    blocks = [
        MSBlockConfig(1, 16, 16, wide, wide, flat, narrow),
        MSBlockConfig(2, 16, 32, wide, wide, narrow, flat),
        MSBlockConfig(2, 32, 32, wide, wide, flat, flat),
    ]
    second = {"residual_pool": True, "residual_with_cls_embed": False, "rel_pos_embed": True}
    model = MViT(
        (32, 32),
        4,
        blocks,
        **second,
        proj_after_attn=True,
        stochastic_depth_prob=0.0,
        num_classes=10,
    )
    return Case(model, torch.randn(1, 3, 4, 32, 32))


def _detector(name: str) -> Case:
    model = torchvision.models.get_model(name, **_BARE, num_classes=4)
    return Case(model, torch.randn(1, 3, 64, 64), forward=_DETECTION[name])


def _features(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    found = model.backbone(x)
    return {"0": found} if isinstance(found, Tensor) else found


def _headed(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The heads of a detector in one stage."""
    return model.head(list(_features(model, x).values()))


def _finest(model: nn.Module, x: Tensor) -> Tensor:
    """The classes on the finest map of an SSD, whose other maps want 300 pixels."""
    backbone = model.backbone
    scaled = backbone.scale_weight.view(1, -1, 1, 1) * nn.functional.normalize(backbone.features(x))
    return model.head.classification_head.module_list[0](scaled)


def _proposed(model: nn.Module, x: Tensor) -> Tensor:
    """How much of an object each anchor of the finest map holds."""
    objectness, _ = model.rpn.head(list(_features(model, x).values()))
    return objectness[0]


def _pooled(model: nn.Module, x: Tensor, kind: str) -> Tensor:
    """The mask or the key points of one fixed box, pooled from the maps by RoIAlign."""
    heads = model.roi_heads
    boxes: Sequence[Tensor] = [x.new_tensor([[8.0, 8.0, 50.0, 44.0]])] * len(x)
    pooled = heads.get_submodule(f"{kind}_roi_pool")(
        _features(model, x), boxes, [tuple(x.shape[2:])] * len(x)
    )
    return heads.get_submodule(f"{kind}_predictor")(heads.get_submodule(f"{kind}_head")(pooled))


def _flow(name: str) -> Case:
    model = torchvision.models.get_model(name, weights=None)
    images = torch.randn(1, 3, 128, 128), torch.randn(1, 3, 128, 128)
    grid = raft.make_coords_grid

    def flow(model: nn.Module, first: Tensor, second: Tensor) -> Tensor:
        # RAFT makes its grid of coordinates in float32, whatever it is given.
        with patch.object(raft, "make_coords_grid", lambda *size: grid(*size).to(first.dtype)):
            return model(first, second, num_flow_updates=2)[-1]

    return Case(model, images, wrt=0, forward=flow)
