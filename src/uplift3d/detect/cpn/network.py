"""Cascaded Pyramid Network: heat maps of one person's joints (Chen et al., CVPR 2018).

GlobalNet is a pyramid on a residual network (He et al., CVPR 2016), whose levels hear of the coarser ones.
RefineNet brings all levels to the finest resolution, the coarser through the more blocks, and reads the heat
maps off them together.

Axes: B people, C channels, H and W pixels (H/4 and W/4 of heat maps), J joints. Levels are 1/32, 1/16, 1/8
and 1/4 of the input's size, listed coarsest first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EXPANSION = 4
"""Channels that a block of the residual network puts out, over those inside of it."""


@dataclass(frozen=True)
class CPNConfig:
    """Sizes of a CPN; the defaults are the published "CPN50"."""

    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    """Blocks of the residual network's four stages; (3, 4, 23, 3) makes it a ResNet-101."""
    stem_width: int = 64
    """Channels in front of the first stage and inside of its blocks; doubled from one stage to the next."""
    width: int = 256
    """Channels of every level of the pyramid."""
    joints: int = 17
    """Heat maps."""
    upsample_bias: bool = False
    """Whether the convolutions that bring a level to the next finer one have a bias, as in early weights."""


class CPN(nn.Module):
    """Heat maps of the joints of one person per image."""

    def __init__(self, config: CPNConfig) -> None:
        super().__init__()
        self.config = config
        self.residual_net = ResidualNet(config)
        self.global_net = GlobalNet(config)
        self.refine_net = RefineNet(config)

    def forward(self, images: Tensor) -> Tensor:
        """Draw refined heat maps.

        Args:
            images: (B, 3, H, W) RGB in [0, 1] less the mean colour; H and W multiples of 32.

        Returns:
            (B, J, H/4, W/4), about 255 where a joint surely is.
        """
        levels = self.residual_net(images)  # 4 × (B, C, H/s, W/s)
        pyramid = self.global_net(levels)  # 4 × (B, width, H/s, W/s)
        heatmaps: Tensor = self.refine_net(pyramid)  # (B, J, H/4, W/4)
        return heatmaps


class ResidualNet(nn.Module):
    """ResNet without its classifier."""

    def __init__(self, config: CPNConfig) -> None:
        super().__init__()
        self.stem = conv_norm(3, config.stem_width, 7, stride=2)
        inside = [config.stem_width * 2**stage for stage in range(4)]
        outside = [config.stem_width, *(EXPANSION * width for width in inside)]
        self.stages = nn.ModuleList(
            nn.Sequential(
                Bottleneck(before, inner, after, stride=2 if stage else 1),
                *(Bottleneck(after, inner, after, project=False) for _ in range(count - 1)),
            )
            for stage, (inner, count, (before, after)) in enumerate(
                zip(inside, config.blocks, pairwise(outside), strict=True)
            )
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) to the output of every stage, coarsest first."""
        features = F.relu(self.stem(images))  # (B, C, H/2, W/2)
        features = F.max_pool2d(features, 3, stride=2, padding=1)  # (B, C, H/4, W/4)
        levels = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        return levels[::-1]


class GlobalNet(nn.Module):
    """Feature pyramid: every level is the sum of what is seen at its size and of the next coarser level."""

    def __init__(self, config: CPNConfig) -> None:
        super().__init__()
        widths = [EXPANSION * config.stem_width * 2**stage for stage in (3, 2, 1, 0)]
        self.lateral = nn.ModuleList(conv_norm(width, config.width, 1) for width in widths)
        self.upsample = nn.ModuleList(
            conv_norm(config.width, config.width, 1, bias=config.upsample_bias) for _ in widths[1:]
        )
        self.heads = nn.ModuleList(HeatmapHead(config) for _ in widths)

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Map levels of the residual network to as many of the same size, (B, width, H/s, W/s)."""
        pyramid = [F.relu(self.lateral[0](levels[0]))]
        for level, lateral, upsample in zip(levels[1:], self.lateral[1:], self.upsample, strict=True):
            from_coarser = upsample(enlarge(pyramid[-1], level))
            pyramid.append(F.relu(lateral(level)) + from_coarser)
        return pyramid

    def heatmaps(self, pyramid: list[Tensor]) -> list[Tensor]:
        """Read heat maps (B, J, H/4, W/4) off every level: training supervises them too."""
        return [head(level, pyramid[-1]) for head, level in zip(self.heads, pyramid, strict=True)]


class HeatmapHead(nn.Module):
    """Heat maps from one level of the pyramid."""

    def __init__(self, config: CPNConfig) -> None:
        super().__init__()
        self.hidden = conv_norm(config.width, config.width, 1)
        self.convolution = nn.Conv2d(config.width, config.joints, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(config.joints)

    def forward(self, level: Tensor, finest: Tensor) -> Tensor:
        """Map (B, width, h, w) to (B, J, H, W), the size of the finest level."""
        drawn = self.convolution(F.relu(self.hidden(level)))  # (B, J, h, w)
        out: Tensor = self.norm(enlarge(drawn, finest))
        return out


class RefineNet(nn.Module):
    """All levels of the pyramid at the finest size, the coarsest one through three blocks, read together."""

    def __init__(self, config: CPNConfig) -> None:
        super().__init__()
        width, inner = config.width, config.width // 2
        self.cascade = nn.ModuleList(
            nn.Sequential(*(Bottleneck(width, inner, width) for _ in range(count))) for count in (3, 2, 1, 0)
        )
        self.mix = Bottleneck(4 * width, inner, width)
        self.head = conv_norm(width, config.joints, 3)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        """Map levels (B, width, h, w) to heat maps (B, J, H, W) of the finest level's size."""
        refined = [
            enlarge(blocks(level), pyramid[-1]) for blocks, level in zip(self.cascade, pyramid, strict=True)
        ]
        heatmaps: Tensor = self.head(self.mix(torch.cat(refined, dim=1)))
        return heatmaps


class Bottleneck(nn.Module):
    """Residual block: 1 × 1, 3 × 3 and 1 × 1 convolutions beside a shortcut."""

    def __init__(self, before: int, inner: int, after: int, *, stride: int = 1, project: bool = True) -> None:
        super().__init__()
        self.reduce = conv_norm(before, inner, 1)
        self.spatial = conv_norm(inner, inner, 3, stride=stride)
        self.expand = conv_norm(inner, after, 1)
        self.shortcut = conv_norm(before, after, 1, stride=stride) if project else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, before, H, W) to (B, after, H / stride, W / stride)."""
        branch = F.relu(self.reduce(features))
        branch = F.relu(self.spatial(branch))
        return F.relu(self.expand(branch) + self.shortcut(features))


def conv_norm(
    channels_in: int, channels: int, kernel: int, *, stride: int = 1, bias: bool = False
) -> nn.Sequential:
    """Build a convolution that keeps the size (apart from the stride), and its batch norm."""
    convolution = nn.Conv2d(channels_in, channels, kernel, stride=stride, padding=kernel // 2, bias=bias)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
    return nn.Sequential(OrderedDict([("convolution", convolution), ("norm", nn.BatchNorm2d(channels))]))


def enlarge(features: Tensor, wanted: Tensor) -> Tensor:
    """Interpolate (B, C, h, w) to the size of `wanted` (B, C', H, W); corners stay corners, as published."""
    return F.interpolate(features, size=wanted.shape[-2:], mode="bilinear", align_corners=True)
