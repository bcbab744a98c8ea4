"""Files as the public PyTorch version of CPN writes them, and what the network does, under its names."""

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from uplift3d.detect.cpn.network import CPN

State = dict[str, Tensor]
Shape = tuple[int, ...]
TINY = {"blocks": (1, 2, 1, 1), "stem": 4, "width": 8}


def coarse_and_refined(network: CPN, images: Tensor) -> tuple[list[Tensor], Tensor]:
    """Heat maps (B, J, H/4, W/4) of every level of GlobalNet, and those of RefineNet."""
    pyramid = network.global_net(network.residual_net(images))
    return network.global_net.heatmaps(pyramid), network.refine_net(pyramid)


def shapes(blocks=(3, 4, 6, 3), stem=64, width=256, upsample_bias=False) -> dict[str, Shape]:
    """Name → shape of every weight, without the prefix of DataParallel; the defaults are CPN50's."""
    found: dict[str, Shape] = {}

    def convolution(name: str, channels_in: int, channels: int, kernel: int) -> None:
        found[f"{name}.weight"] = (channels, channels_in, kernel, kernel)

    def norm(name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.{part}"] = (channels,)
        found[f"{name}.num_batches_tracked"] = ()

    def bottleneck(name: str, before: int, inner: int, after: int, project: bool) -> None:
        layers = [(1, before, inner, 1), (2, inner, inner, 3), (3, inner, after, 1)]
        for number, channels_in, channels, kernel in layers:
            convolution(f"{name}.conv{number}", channels_in, channels, kernel)
            norm(f"{name}.bn{number}", channels)
        if project:
            convolution(f"{name}.downsample.0", before, after, 1)
            norm(f"{name}.downsample.1", after)

    convolution("resnet.conv1", 3, stem, 7)
    norm("resnet.bn1", stem)
    before = stem
    for stage, count in enumerate(blocks):
        inner = stem * 2**stage
        for block in range(count):
            bottleneck(f"resnet.layer{stage + 1}.{block}", before, inner, 4 * inner, project=block == 0)
            before = 4 * inner
    for level in range(4):
        convolution(f"global_net.laterals.{level}.0", 4 * stem * 2 ** (3 - level), width, 1)
        norm(f"global_net.laterals.{level}.1", width)
        if level < 3:
            convolution(f"global_net.upsamples.{level}.1", width, width, 1)
            if upsample_bias:
                found[f"global_net.upsamples.{level}.1.bias"] = (width,)
            norm(f"global_net.upsamples.{level}.2", width)
        convolution(f"global_net.predict.{level}.0", width, width, 1)
        norm(f"global_net.predict.{level}.1", width)
        convolution(f"global_net.predict.{level}.3", width, 17, 3)
        norm(f"global_net.predict.{level}.5", 17)
        for block in range(3 - level):
            bottleneck(f"refine_net.cascade.{level}.{block}", width, width // 2, width, project=True)
    bottleneck("refine_net.final_predict.0", 4 * width, width // 2, width, project=True)
    convolution("refine_net.final_predict.1", width, 17, 3)
    norm("refine_net.final_predict.2", 17)
    return found


def random_state(seed: int = 0, **sizes) -> State:
    """Weights that answer differently to different images: neither all dead nor exploding."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes(**(TINY | sizes)).items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
        elif name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            state[name] = 0.5 + torch.rand(shape, generator=generator)
        elif name.endswith("weight"):
            fan_in = shape[1] * shape[2] * shape[3]
            state[name] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        else:
            state[name] = 0.3 * torch.randn(shape, generator=generator)
    return state


def write(path: Path, state: State) -> Path:
    """A checkpoint with what the public training script puts into one."""
    weights = {f"module.{name}": value for name, value in state.items()}
    slots = {number: {"step": 3, "exp_avg": value} for number, value in enumerate(list(weights.values())[:2])}
    optimizer = {"state": slots, "param_groups": [{"lr": 5e-4, "betas": (0.9, 0.999), "params": [0, 1]}]}
    torch.save({"epoch": 40, "state_dict": weights, "optimizer": optimizer}, path)
    return path


class Reference:
    """The network as a sum of plain function calls, for comparison."""

    def __init__(self, state: State) -> None:
        self.state = state

    def refined(self, images: Tensor) -> Tensor:
        pyramid = list(self.pyramid(images))
        columns = []
        for level, features in enumerate(pyramid):
            for block in range(3 - level):
                features = self.bottleneck(features, f"refine_net.cascade.{level}.{block}")
            columns.append(self.resized(features, pyramid[-1]))
        mixed = self.bottleneck(torch.cat(columns, 1), "refine_net.final_predict.0")
        return self.conv_norm(mixed, "refine_net.final_predict", 1, 2, padding=1)

    def coarse(self, images: Tensor) -> list[Tensor]:
        pyramid = list(self.pyramid(images))
        drawn = []
        for level, features in enumerate(pyramid):
            name = f"global_net.predict.{level}"
            hidden = self.conv_norm(features, name, 0, 1).relu()
            hidden = F.conv2d(hidden, self.state[f"{name}.3.weight"], padding=1)
            drawn.append(self.norm(self.resized(hidden, pyramid[-1]), f"{name}.5"))
        return drawn

    def pyramid(self, images: Tensor) -> Iterator[Tensor]:
        name = "global_net"
        coarser = None
        for level, features in enumerate(reversed(list(self.stages(images)))):
            here = self.conv_norm(features, f"{name}.laterals.{level}", 0, 1).relu()
            if coarser is not None:
                up = F.interpolate(coarser, scale_factor=2, mode="bilinear", align_corners=True)
                here = here + self.conv_norm(up, f"{name}.upsamples.{level - 1}", 1, 2)
            coarser = here
            yield here

    def stages(self, images: Tensor) -> Iterator[Tensor]:
        features = F.conv2d(images, self.state["resnet.conv1.weight"], stride=2, padding=3)
        features = self.norm(features, "resnet.bn1").relu()
        features = F.max_pool2d(features, 3, 2, 1)
        for stage in (1, 2, 3, 4):
            block = 0
            while f"resnet.layer{stage}.{block}.conv1.weight" in self.state:
                stride = 2 if stage > 1 and block == 0 else 1
                features = self.bottleneck(features, f"resnet.layer{stage}.{block}", stride)
                block += 1
            yield features

    def bottleneck(self, features: Tensor, name: str, stride: int = 1) -> Tensor:
        state = self.state
        shortcut = features
        if f"{name}.downsample.0.weight" in state:
            shortcut = F.conv2d(features, state[f"{name}.downsample.0.weight"], stride=stride)
            shortcut = self.norm(shortcut, f"{name}.downsample.1")
        out = self.norm(F.conv2d(features, state[f"{name}.conv1.weight"]), f"{name}.bn1").relu()
        out = F.conv2d(out, state[f"{name}.conv2.weight"], stride=stride, padding=1)
        out = self.norm(out, f"{name}.bn2").relu()
        out = self.norm(F.conv2d(out, state[f"{name}.conv3.weight"]), f"{name}.bn3")
        return (out + shortcut).relu()

    def conv_norm(self, features: Tensor, name: str, first: int, second: int, padding: int = 0) -> Tensor:
        weight, bias = self.state[f"{name}.{first}.weight"], self.state.get(f"{name}.{first}.bias")
        return self.norm(F.conv2d(features, weight, bias, padding=padding), f"{name}.{second}")

    def norm(self, features: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (
            self.state[f"{name}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (features - mean) / (var + 1e-5).sqrt() * weight + bias

    def resized(self, features: Tensor, like: Tensor) -> Tensor:
        return F.interpolate(features, like.shape[-2:], mode="bilinear", align_corners=True)
