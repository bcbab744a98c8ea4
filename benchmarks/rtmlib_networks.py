"""The networks of rtmlib's `Body` at their true size, with random weights, for `chain.py`.

    python benchmarks/rtmlib_networks.py

Their weights are downloads; what they cost follows from their layers alone. Written from the publications:
YOLOX (Ge et al. 2021: CSPDarknet, path aggregation, decoupled head) finds people, RTMPose (Jiang et al. 2023:
CSPNeXt, gated attention, one-dimensional classification of x and y) finds joints. Batch normalisation counts
as folded into the convolutions. Prints parameters and multiply-adds beside the published ones.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


class Size(NamedTuple):
    """Of one of rtmlib's modes."""

    depth: float
    width: float
    image: tuple[int, int]
    """(height, width)."""
    million_parameters: float
    giga_multiply_adds: float
    """Both as published."""


BOXES = {
    "lightweight": Size(0.33, 0.375, (416, 416), 5.06, 6.45 / 2),
    "balanced": Size(0.67, 0.75, (640, 640), 25.3, 73.8 / 2),
}
JOINTS = {
    "lightweight": Size(0.33, 0.5, (256, 192), 5.47, 0.68),
    "balanced": Size(0.67, 0.75, (256, 192), 13.59, 1.93),
}
POINTS, CLASSES = 17, 1


def conv(inner: int, outer: int, size: int = 1, stride: int = 1, groups: int = 1) -> nn.Module:
    """A convolution with its activation."""
    return nn.Sequential(nn.Conv2d(inner, outer, size, stride, size // 2, groups=groups), nn.SiLU())


class Block(nn.Module):
    """A residual block: 1 × 1 and 3 × 3 in YOLOX, 3 × 3 and a separable 5 × 5 in CSPNeXt."""

    def __init__(self, width: int, add: bool, separable: bool) -> None:
        super().__init__()
        last = (
            (conv(width, width, 5, groups=width), conv(width, width))
            if separable
            else (conv(width, width, 3),)
        )
        self.layers = nn.Sequential(conv(width, width, 3 if separable else 1), *last)
        self.add = add

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same."""
        return x + self.layers(x) if self.add else self.layers(x)


class Attention(nn.Module):
    """Every channel times how much it matters in this image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same."""
        return x * nn.functional.hardsigmoid(self.layer(x.mean((2, 3), keepdim=True)))


class CrossStage(nn.Module):
    """Half of the channels through blocks, half beside them."""

    def __init__(
        self, inner: int, outer: int, blocks: int, add: bool = True, separable: bool = False
    ) -> None:
        super().__init__()
        half = outer // 2
        self.beside = conv(inner, half)
        self.through = nn.Sequential(conv(inner, half), *(Block(half, add, separable) for _ in range(blocks)))
        self.join = nn.Sequential(*([Attention(2 * half)] if separable else []), conv(2 * half, outer))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, outer, H, W)."""
        return self.join(torch.cat([self.through(x), self.beside(x)], dim=1))


class Pools(nn.Module):
    """Maxima over three neighbourhoods, beside what was there."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.after = conv(width, width // 2), conv(2 * width, width)
        self.pools = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same."""
        x = self.before(x)
        return self.after(torch.cat([x, *(pool(x) for pool in self.pools)], dim=1))


def stages(base: int, depth: float, separable: bool, counts: tuple[int, ...] = (3, 9, 9, 3)) -> nn.ModuleList:
    """The four stages of a backbone, each half as high and wide as the one before."""
    made = []
    for number, count in enumerate(counts):
        inner, outer, last = base << number, base << (number + 1), number == len(counts) - 1
        layers = [conv(inner, outer, 3, 2), *([Pools(outer)] if last else [])]
        blocks = max(round(count * depth), 1)
        made.append(nn.Sequential(*layers, CrossStage(outer, outer, blocks, not last, separable)))
    return nn.ModuleList(made)


class Yolox(nn.Module):
    """Images (1, 3, H, W) to boxes and scores (1, places, 4 + 1 + classes), as rtmlib decodes them."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        base, blocks = int(64 * size.width), max(round(3 * size.depth), 1)
        self.stem = conv(12, base, 3)
        self.stages = stages(base, size.depth, separable=False)
        low, middle, high = 4 * base, 8 * base, 16 * base
        self.narrow = nn.ModuleList([conv(high, middle), conv(middle, low)])
        self.down = nn.ModuleList([conv(low, low, 3, 2), conv(middle, middle, 3, 2)])
        ways = ((2 * middle, middle), (2 * low, low), (2 * low, middle), (2 * middle, high))
        self.mix = nn.ModuleList(CrossStage(inner, outer, blocks, add=False) for inner, outer in ways)
        wide = int(256 * size.width)
        self.heads = nn.ModuleList(self._head(width, wide) for width in (low, middle, high))

    @staticmethod
    def _head(inner: int, wide: int) -> nn.ModuleList:
        boxes, kinds = (nn.Sequential(conv(wide, wide, 3), conv(wide, wide, 3)) for _ in range(2))
        last = [nn.Conv2d(wide, channels, 1) for channels in (4, 1, CLASSES)]
        return nn.ModuleList([conv(inner, wide), boxes, kinds, *last])

    def forward(self, images: Tensor) -> Tensor:
        """Backbone, path aggregation, heads."""
        x = self.stem(
            torch.cat([images[..., a::2, b::2] for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))], dim=1)
        )
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        _, low, middle, high = levels
        top = self.narrow[0](high)
        inner = self.narrow[1](self.mix[0](torch.cat([_doubled(top), middle], dim=1)))
        first = self.mix[1](torch.cat([_doubled(inner), low], dim=1))
        second = self.mix[2](torch.cat([self.down[0](first), inner], dim=1))
        third = self.mix[3](torch.cat([self.down[1](second), top], dim=1))
        found = []
        for level, (stem, boxes, kinds, place, sure, kind) in zip(
            (first, second, third), self.heads, strict=True
        ):
            seen = stem(level)
            near = boxes(seen)
            both = torch.cat([place(near), sure(near).sigmoid(), kind(kinds(seen)).sigmoid()], dim=1)
            found.append(both.flatten(2))
        return torch.cat(found, dim=2).transpose(1, 2)


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


class GatedAttention(nn.Module):
    """Attention between joints, each a vector."""

    def __init__(self, width: int = 256, key: int = 128) -> None:
        super().__init__()
        self.key, self.inner = key, 2 * width
        self.norm_in, self.norm = (nn.Parameter(torch.ones(1)) for _ in range(2))
        self.split = nn.Linear(width, 2 * self.inner + key, bias=False)
        self.scale, self.shift = (nn.Parameter(torch.randn(2, key)) for _ in range(2))
        self.join = nn.Linear(self.inner, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, points, width) → the same."""
        gate, value, base = nn.functional.silu(self.split(_normed(x) * self.norm)).split(
            [self.inner, self.inner, self.key], dim=-1
        )
        query, key = (base * self.scale[n] + self.shift[n] for n in range(2))
        weight = torch.relu(query @ key.transpose(1, 2) / self.key**0.5) ** 2
        return x + self.join(gate * (weight @ value))


def _normed(x: Tensor) -> Tensor:
    return x * x.shape[-1] ** 0.5 / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp(min=1e-5)


class RtmPose(nn.Module):
    """Crops (1, 3, 256, 192) to how likely every half pixel is for x and y of each joint."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        base, (height, width) = int(64 * size.width), size.image
        self.stem = nn.Sequential(
            conv(3, base // 2, 3, 2), conv(base // 2, base // 2, 3), conv(base // 2, base, 3)
        )
        self.stages = stages(base, size.depth, separable=True, counts=(3, 6, 6, 3))
        self.points = nn.Conv2d(16 * base, POINTS, 7, padding=3)
        self.norm = nn.Parameter(torch.ones(1))
        self.vector = nn.Linear(height * width // 32**2, 256, bias=False)
        self.attention = GatedAttention()
        self.x, self.y = (nn.Linear(256, 2 * side, bias=False) for side in (width, height))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, points, 2 × width) and (B, points, 2 × height)."""
        x = self.stem(images)
        for stage in self.stages:
            x = stage(x)
        seen = self.attention(self.vector(_normed(self.points(x).flatten(2)) * self.norm))
        return self.x(seen), self.y(seen)


def networks(mode: str) -> dict[str, tuple[nn.Module, Size]]:
    """What finds boxes and joints in a mode."""
    torch.manual_seed(0)
    boxes, joints = BOXES[mode], JOINTS[mode]
    return {"boxes": (Yolox(boxes).eval(), boxes), "joints": (RtmPose(joints).eval(), joints)}


def write(mode: str, folder: Path) -> dict[str, Path]:
    """Both networks of a mode as ONNX files."""
    paths = {}
    for what, (network, size) in networks(mode).items():
        paths[what] = folder / f"{mode}-{what}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own deprecations
            torch.onnx.export(network, torch.zeros(1, 3, *size.image), str(paths[what]), dynamo=False)
    return paths


def main() -> None:
    """Print sizes."""
    print("| mode | network | M parameters | published | G multiply-adds | published |")
    print("|---|---|---|---|---|---|")
    for mode in BOXES:
        for what, (network, size) in networks(mode).items():
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                network(torch.zeros(1, 3, *size.image))
            millions = sum(part.numel() for part in network.parameters()) / 1e6
            giga = counter.get_total_flops() / 2e9
            print(
                f"| {mode} | {what} | {millions:.2f} | {size.million_parameters} | {giga:.2f} "
                f"| {size.giga_multiply_adds:.2f} |"
            )


if __name__ == "__main__":
    main()
