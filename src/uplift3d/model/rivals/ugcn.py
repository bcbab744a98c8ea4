"""U-GCN: a U-shaped network of graph convolutions, trained with a motion loss.

"Motion Guided 3D Pose Estimation from Videos" (Wang, Yan, Xiong, Lin, ECCV 2020). Written from the paper; no
outputs of the authors' network were at hand, so parity with it is not checked. The paper leaves open how wide
the stages are, how neighbourhoods are divided and how the losses are weighted: that is chosen here.

Axes: B windows, F frames, J joints, C channels, P parts of a joint's neighbourhood.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.model.rivals.base import Rival, RivalConfig
from uplift3d.skeletons import joint_set

INTERVALS = (8, 12, 16, 24)
"""Frames between the two ends of a motion, as published."""


class UGCNConfig(RivalConfig):
    """Sizes of a U-GCN; windows of 96 frames as published."""

    rival: Literal["ugcn"] = "ugcn"
    frames: int = Field(default=96, ge=1)
    """Frames F per window in training; the network takes any number."""
    channels: tuple[int, ...] = Field(default=(16, 32, 64, 128, 256), min_length=2)
    """Width at full rate and after every halving of the frame rate."""
    kernel: int = Field(default=5, ge=1)
    """Frames that a convolution over time spans, odd."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Dropout at the end of every block."""
    motion_weight: float = Field(default=1.0, ge=0)
    """Weight of the motion loss in training."""

    @property
    def tokens(self) -> int:
        """Frames per window."""
        return self.frames

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """Three levels, whatever the depth."""
        return {"channels": (width // 8, width // 4, width // 2), "dropout": 0}

    def problems(self) -> list[str]:
        """Even kernels have no central frame."""
        return [] if self.kernel % 2 else [f"kernel is {self.kernel}, but must be odd"]


def ugcn_96() -> UGCNConfig:
    """Return a network for the published windows of 96 frames; the paper gives no widths."""
    return UGCNConfig(frames=96, channels=(16, 32, 64, 128, 256), kernel=5)


class UGCN(Rival[UGCNConfig]):
    """Lift all frames of a window alike, by convolutions over the skeleton and over time at several rates."""

    answers_all_alike = True

    def __init__(self, config: UGCNConfig) -> None:
        super().__init__(config)
        graph = neighbourhoods(config.joints)
        widths = config.channels
        self.norm = nn.BatchNorm1d(2 * config.joint_count)
        self.stem = GraphBlock(2, widths[0], graph, config)
        self.down = nn.ModuleList(
            nn.Sequential(
                GraphBlock(fine, coarse, graph, config, stride=2), GraphBlock(coarse, coarse, graph, config)
            )
            for fine, coarse in pairwise(widths)
        )
        self.up = nn.ModuleList(GraphBlock(coarse, fine, graph, config) for fine, coarse in pairwise(widths))
        self.merge = nn.ModuleList(GraphBlock(width, widths[0], graph, config) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], 3, 1)

    def forward(self, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Lift every window.

        Args:
            keypoints: (B, F, J, 2) normalised image coordinates, any number of frames.

        Returns:
            sequence (B, F, J, 3) and its pose F // 2, centre (B, J, 3): metres from the root.
        """
        self.check(keypoints, at_least=1)
        features = self._normalise(keypoints)  # (B, 2, F, J)
        levels = self._downwards(self.stem(features))  # [(B, C, F, J), (B, 2C, F / 2, J), …]
        scales = self._upwards(levels)  # [(B, C, F, J), (B, C, F / 2, J), (B, 2C, F / 4, J), …]
        merged = self._merged(scales)  # (B, C, F, J)
        sequence = self.head(merged).permute(0, 2, 3, 1)  # (B, F, J, 3)
        return sequence, sequence[:, sequence.shape[1] // 2]

    def extra_loss(self, sequence: Tensor | None, target: Tensor) -> Tensor:
        """Weighted motion loss."""
        assert sequence is not None
        return self.config.motion_weight * motion_loss(sequence, target)

    def _normalise(self, keypoints: Tensor) -> Tensor:
        """Batch norm per joint and coordinate, (B, F, J, 2) → (B, 2, F, J)."""
        flat: Tensor = self.norm(keypoints.flatten(2).transpose(1, 2))  # (B, 2J, F)
        joints = flat.reshape(len(flat), -1, 2, keypoints.shape[1])  # (B, J, 2, F)
        return joints.permute(0, 2, 3, 1)

    def _downwards(self, features: Tensor) -> list[Tensor]:
        """Halve the frame rate again and again; all levels, finest first."""
        levels = [features]
        for stage in self.down:
            levels.append(stage(levels[-1]))
        return levels

    def _upwards(self, levels: list[Tensor]) -> list[Tensor]:
        """Bring what the coarse levels found to the finer ones; all but the coarsest, finest first."""
        scales = [levels[-1]]
        for stage, level in zip(reversed(self.up), reversed(levels[:-1]), strict=True):
            scales.append(at_rate_of(level, stage(scales[-1])) + level)
        return scales[:0:-1]

    def _merged(self, scales: list[Tensor]) -> Tensor:
        """Sum all scales at the full rate, (B, C, F, J)."""
        merged = [
            at_rate_of(scales[0], stage(scale)) for stage, scale in zip(self.merge, scales, strict=True)
        ]
        return torch.stack(merged).sum(0)


class GraphBlock(nn.Module):
    """Graph convolution, then convolution over time, with a residual: a block of ST-GCN (Yan et al. 2018)."""

    graph: Tensor

    def __init__(self, width_in: int, width: int, graph: Tensor, config: UGCNConfig, stride: int = 1) -> None:
        super().__init__()
        self.register_buffer("graph", graph, persistent=False)  # (P, J, J)
        self.per_part = nn.Conv2d(width_in, width * len(graph), 1)
        self.norm = nn.BatchNorm2d(width)
        self.over_time = nn.Conv2d(
            width, width, (config.kernel, 1), stride=(stride, 1), padding=(config.kernel // 2, 0)
        )
        self.norm_out = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(config.dropout)
        self.residual = (
            nn.Identity()
            if width_in == width and stride == 1
            else nn.Sequential(nn.Conv2d(width_in, width, 1, stride=(stride, 1)), nn.BatchNorm2d(width))
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, F, J) to (B, C', ceil(F / stride), J)."""
        parts = self.per_part(features).unflatten(1, (len(self.graph), -1))  # (B, P, C', F, J)
        mixed = torch.einsum("bpcfk,pjk->bcfj", parts, self.graph)  # (B, C', F, J)
        branch = self.dropout(self.norm_out(self.over_time(F.relu(self.norm(mixed)))))
        return F.relu(branch + self.residual(features))


def neighbourhoods(joints: str) -> Tensor:
    """Averages over the parts of every joint's neighbourhood, (3, J, J): itself, its parent, its children.

    Row j of a part says with which weights the joints of that part enter joint j; rows of joints that have no
    such neighbour are zero.
    """
    skeleton = joint_set(joints)
    itself = torch.eye(len(skeleton))
    parent = torch.zeros_like(itself)
    for upper, lower in skeleton.bones:
        parent[lower, upper] = 1
    children = parent.T / parent.T.sum(1, keepdim=True).clamp(min=1)
    return torch.stack([itself, parent, children])


def at_rate_of(wanted: Tensor, features: Tensor) -> Tensor:
    """Interpolate features (B, C, F', J) over time to the number of frames of `wanted`."""
    size = (wanted.shape[2], features.shape[3])
    return F.interpolate(features, size=size, mode="bilinear", align_corners=False)


def motion_loss(predicted: Tensor, target: Tensor, intervals: Sequence[int] = INTERVALS) -> Tensor:
    """Compare how joints move: mean absolute error of p(t) × p(t + τ), averaged over the intervals τ.

    Args:
        predicted: (B, F, J, 3) metres from the root.
        target: (B, F, J, 3).
        intervals: τ in frames; those that do not fit into F are left out.

    Returns:
        A scalar in square metres; 0 if no interval fits.
    """
    fitting = [interval for interval in intervals if interval < target.shape[1]]
    if not fitting:
        return predicted.new_zeros(())
    errors = [
        (_encoded(predicted, interval) - _encoded(target, interval)).abs().mean() for interval in fitting
    ]
    return torch.stack(errors).mean()


def _encoded(poses: Tensor, interval: int) -> Tensor:
    """Pairwise motion encoding (B, F − τ, J, 3) of poses (B, F, J, 3)."""
    encoded: Tensor = torch.linalg.cross(poses[:, :-interval], poses[:, interval:], dim=-1)
    return encoded
