"""Networks as users bring them, seeded and reduced, and what is measured on each of them.

``make docs`` writes the table of them to docs/architectures.md.
"""

from collections.abc import Callable
from typing import Any

import timm
import torch
import torchvision
import transformers
from sweep.case import Case, lifelike
from sweep.measure import linearized, measure_cut_sums, measure_sums
from sweep.page import PAGE, TESTS, replace_section
from torch import Tensor, nn

import zoo

F = torch.nn.functional

CASES: dict[str, tuple[str, Callable[[], Case]]] = {}


def build(name: str) -> tuple[str, Case]:
    """Return the rule and the network, in float64."""
    rule, builder = CASES[name]
    torch.manual_seed(0)
    return rule, lifelike(builder())


def case(name: str, rule: str = "tangent") -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def register(builder: Callable[[], Case]) -> Callable[[], Case]:
        CASES[name] = (rule, builder)
        return builder

    return register


def _image(pixels: int, channels: int = 3) -> Tensor:
    return torch.randn(1, channels, pixels, pixels)


def _torchvision(name: str, pixels: int, rule: str = "tangent", **options: Any) -> None:
    def builder() -> Case:
        return Case(torchvision.models.get_model(name, weights=None, **options), _image(pixels))

    CASES[f"torchvision {name}" + (", secant" if rule == "secant" else "")] = (rule, builder)


_torchvision("alexnet", 64)
_torchvision("vgg11_bn", 32)
_torchvision("resnet18", 64)
_torchvision("resnext50_32x4d", 64)
_torchvision("densenet121", 32)
_torchvision("googlenet", 32, init_weights=False)
_torchvision("squeezenet1_1", 64)
_torchvision("mobilenet_v2", 32)
_torchvision("mobilenet_v3_small", 32)
_torchvision("mobilenet_v3_small", 32, "secant")
_torchvision("shufflenet_v2_x0_5", 32)
_torchvision("efficientnet_b0", 32)
_torchvision("efficientnet_b0", 32, "secant")
_torchvision("convnext_tiny", 32)
_torchvision("convnext_tiny", 32, "secant")
_torchvision("regnet_y_400mf", 32)
_torchvision("swin_t", 64)
_torchvision("swin_t", 64, "secant")


def _vit() -> Case:
    size = {"image_size": 32, "num_layers": 3, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 64}
    return Case(torchvision.models.VisionTransformer(patch_size=8, **size), _image(32))


CASES["torchvision vit_b_16, reduced"] = ("tangent", _vit)
CASES["torchvision vit_b_16, reduced, secant"] = ("secant", _vit)


@case("torchvision lraspp_mobilenet_v3_large (dict)")
def segmentation() -> Case:
    model = torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=3
    )
    return Case(model, _image(64), forward=lambda model, x: model(x)["out"].mean((2, 3)))


@case("torchvision r3d_18 (video)")
def video() -> Case:
    return Case(torchvision.models.video.r3d_18(weights=None), torch.randn(1, 3, 8, 32, 32))


@case("timm resnet18d")
def resnet_d() -> Case:
    return Case(timm.create_model("resnet18d"), _image(64))


@case("timm ConvMixer, reduced")
def conv_mixer() -> Case:
    from timm.models.convmixer import ConvMixer

    return Case(ConvMixer(24, 4, kernel_size=5, patch_size=4, num_classes=10), _image(32))


@case("timm vit_tiny_patch16_224")
def timm_vit() -> Case:
    return Case(timm.create_model("vit_tiny_patch16_224", img_size=48), _image(48))


@case("timm mixer_s32_224")
def mlp_mixer() -> Case:
    return Case(timm.create_model("mixer_s32_224", img_size=64), _image(64))


def logits(model: nn.Module, **inputs: Any) -> Tensor:
    return model(**inputs).logits


_TINY = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}


@case("transformers BERT, tiny", "secant")
def bert() -> Case:
    config = transformers.BertConfig(**_TINY, intermediate_size=32, num_labels=3)
    mask = torch.ones(1, 6, dtype=torch.long)
    mask[0, 4:] = 0
    inputs = {"inputs_embeds": torch.randn(1, 6, 16), "attention_mask": mask}
    return Case(transformers.BertForSequenceClassification(config), inputs, forward=logits)


@case("transformers GPT-2, tiny", "secant")
def gpt2() -> Case:
    config = transformers.GPT2Config(
        vocab_size=50, n_embd=16, n_layer=2, n_head=2, n_positions=8, bos_token_id=0, eos_token_id=0
    )
    inputs = {"inputs_embeds": torch.randn(1, 6, 16)}
    return Case(transformers.GPT2LMHeadModel(config), inputs, forward=logits)


@case("transformers Llama, tiny", "secant")
def llama() -> Case:
    config = transformers.LlamaConfig(**_TINY, intermediate_size=32, num_key_value_heads=1)
    inputs = {"inputs_embeds": torch.randn(1, 6, 16)}
    return Case(transformers.LlamaForCausalLM(config), inputs, forward=logits)


class PointNet(nn.Module):
    """A point cloud (N, points, xyz): a shared perceptron, the maximum over points, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            nn.Conv1d(3, 16, 1), nn.BatchNorm1d(16), nn.ReLU(), nn.Conv1d(16, 32, 1)
        )
        self.head = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.shared(x.transpose(1, 2)).max(2).values)


@case("PointNet")
def point_net() -> Case:
    return Case(PointNet(), torch.randn(1, 40, 3))


class UNet(nn.Module):
    """Two levels, skip connections by concatenation, an image out."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([self.block(2, 6), self.block(6, 8)])
        self.bottom, self.pool = self.block(8, 8), nn.MaxPool2d(2)
        self.up = nn.ModuleList([nn.ConvTranspose2d(8, 8, 2, 2), nn.ConvTranspose2d(6, 6, 2, 2)])
        self.join = nn.ModuleList([self.block(16, 6), self.block(12, 4)])
        self.head = nn.Conv2d(4, 1, 1)

    @staticmethod
    def block(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([up(x), skips.pop()], 1))
        return self.head(x)


@case("U-Net (image out)")
def u_net() -> Case:
    return Case(UNet(), _image(16, 2))


class LSTMClassifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


@case("LSTM classifier")
def lstm() -> Case:
    return Case(LSTMClassifier(), torch.randn(1, 7, 5))


class Audio(nn.Module):
    """A waveform through functional calls only, its parameters in one list."""

    def __init__(self) -> None:
        super().__init__()
        shapes = [(8, 1, 9), (8,), (12, 8, 5), (12,), (3, 12), (3,)]
        self.p = nn.ParameterList([0.3 * torch.randn(shape) for shape in shapes])

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(F.conv1d(x, self.p[0], self.p[1], stride=4))
        z = F.max_pool1d(F.leaky_relu(F.conv1d(z, self.p[2], self.p[3], padding=2), 0.1), 3)
        return torch.addmm(self.p[5], z.mean(-1), self.p[4].T)


@case("1-D audio network, functional")
def audio() -> Case:
    return Case(Audio(), torch.randn(1, 1, 256))


def _small(name: str) -> Callable[[], Case]:
    def builder() -> Case:
        net = zoo.build(name)
        return Case(net.model, net.x)

    return builder


CASES["the same block three times"] = ("tangent", _small("third call"))
CASES["constants added functionally"] = ("tangent", _small("functional"))
CASES["everything in place"] = ("tangent", _small("in-place at a branch"))


def table() -> str:
    """Return the table of all networks, in markdown."""
    torch.set_num_threads(1)
    lines = [
        "Written by `make docs`; seeded random weights, float64, reduced inputs. Errors are "
        "relative:",
        "y − (u·x + b) with u·x by the vector-Jacobian and b by the Jacobian-vector product, to "
        "max |y|;",
        "b − Σβ of the bias ledger, to max(|b|, |y|); ⟨u v, w⟩ − ⟨v, uᵀ w⟩, to ‖u v‖ ‖w‖.",
        "From a baseline of zeros: y − y₀ − u·(x − x₀), to max(|y|, |y₀|), the network's and the",
        "largest over all cuts; adjointness; and the calls that were completed.",
        "",
        "| network | calls | by convention | exactness | y − (u·x + b) | b − Σβ | adjoint "
        "| from zeros: sum | at cuts | adjoint | completed |",
        "|---|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in CASES:
        rule, network = build(name)
        lin = linearized(network, rule)
        m = measure_sums(lin)
        through = linearized(network, rule, "zero")
        completed = sum(site.completed is not None for site in through.sites)
        n = measure_sums(through)
        numbers = (m.additivity, m.ledger, m.adjointness)
        numbers += (n.additivity, measure_cut_sums(through), n.adjointness)
        errors = " | ".join(f"{e:.0e}" for e in numbers)
        facts = f"{len(lin.sites)} | {len(lin.conventional)} | {lin.exactness}"
        lines.append(f"| {name} | {facts} | {errors} | {completed} |")
    return "\n".join(lines)


if __name__ == "__main__":
    replace_section(PAGE, TESTS, table())
