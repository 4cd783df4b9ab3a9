"""Class activation maps: what the last convolution's maps and their gradients say, by Captum."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from specxai.compare.attribution import Instance, Method
from specxai.compare.captum import attribute_by, captum_attr
from specxai.errors import LayerError


def cam_methods() -> tuple[Method, ...]:
    """Return Grad-CAM and HiResCAM."""
    return (
        Method(
            "Grad-CAM",
            _grad_cam,
            "",
            "the last convolution's maps, weighted by their mean gradients, what adds; "
            "interpolated to the input",
        ),
        Method(
            "HiResCAM",
            _hires_cam,
            "",
            "the last convolution's maps times their gradients, place by place, what adds; "
            "interpolated to the input",
        ),
    )


def last_module(instance: Instance, method: str) -> nn.Module:
    """Return the module of the last convolution's output.

    Args:
        instance: what is to be explained.
        method: that looks there, as it stands in tables.

    Raises:
        LayerError: there is none.
    """
    if not instance.layer:
        raise LayerError(f"{method} needs a convolution that all paths cross and that runs once")
    return instance.model.get_submodule(instance.layer.partition("#")[0])


def what_adds(coarse: Float[Tensor, "1 1 h w"], instance: Instance) -> Float[Tensor, "1 1 H W"]:
    """Return the positive part of a map at a layer, interpolated to the size of the input.

    Args:
        coarse: the map.
        instance: what is explained.
    """
    return functional.interpolate(coarse.relu(), instance.x.shape[2:], mode="bilinear")


def _grad_cam(instance: Instance) -> Tensor:
    """Weight the last convolution's maps by their mean gradients."""
    layer = last_module(instance, "Grad-CAM")
    return what_adds(
        attribute_by(captum_attr().LayerGradCam(instance.model, layer), instance), instance
    )


def _hires_cam(instance: Instance) -> Tensor:
    """Multiply each value of the last convolution by its own gradient (Draelos and Carin 2020)."""
    layer = last_module(instance, "HiResCAM")
    method = captum_attr().LayerGradientXActivation(instance.model, layer)
    return what_adds(attribute_by(method, instance).sum(1, keepdim=True), instance)
