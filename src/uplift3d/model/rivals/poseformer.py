"""PoseFormer: a Transformer over joints, then one over frames (Zheng et al., ICCV 2021).

Axes: B windows, F frames, J joints, E channels per joint, C = J·E channels per frame.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from uplift3d.model.layers import block_stack, initialise_linear
from uplift3d.model.network import Blocks
from uplift3d.model.rivals.base import Rival, RivalConfig

EPSILON = 1e-6
"""Of every layer norm but the head's, which has PyTorch's own 1e-5."""


class PoseFormerConfig(RivalConfig):
    """Sizes of a PoseFormer; the defaults are the published 81-frame network."""

    rival: Literal["poseformer"] = "poseformer"
    frames: int = Field(default=81, ge=1)
    """Frames F per window, odd."""
    joint_width: int = Field(default=32, ge=1)
    """Channels E per joint ("embed_dim_ratio")."""
    depth: Blocks = Field(default=4, ge=1)
    """Blocks of each of the two Transformers."""
    heads: int = Field(default=8, ge=1)
    """Attention heads; divides the channels per joint."""
    mlp_ratio: float = Field(default=2.0, gt=0)
    """Hidden width of every MLP over its width."""
    qkv_bias: bool = True
    """Whether query, key and value projections have a bias."""
    drop_path: float = Field(default=0.1, ge=0, lt=1)
    """Stochastic depth of the last block of each Transformer, rising linearly from 0."""

    @property
    def tokens(self) -> int:
        """Frames per window."""
        return self.frames

    @property
    def width(self) -> int:
        """Channels C per frame."""
        return self.joint_count * self.joint_width

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """About an eighth of the width per joint, in multiples of the heads."""
        return {"joint_width": max(8, width // 64 * 8), "depth": depth}

    def problems(self) -> list[str]:
        """Heads must divide the width."""
        if self.joint_width % self.heads:
            return [f"joint_width is {self.joint_width}, which {self.heads} heads do not divide"]
        return []


def poseformer_81() -> PoseFormerConfig:
    """Return the published network of 81 frames: 44.3 mm."""
    return PoseFormerConfig(frames=81, joint_width=32, depth=4, heads=8, mlp_ratio=2)


def poseformer_27() -> PoseFormerConfig:
    """Return the published network of 27 frames: 47.0 mm."""
    return poseformer_81().evolve(frames=27)


def poseformer_9() -> PoseFormerConfig:
    """Return the published network of 9 frames: 49.9 mm."""
    return poseformer_81().evolve(frames=9)


class PoseFormer(Rival[PoseFormerConfig]):
    """Lift the central pose of a window."""

    def __init__(self, config: PoseFormerConfig) -> None:
        super().__init__(config)
        width = config.width
        self.embedding = initialise_linear(nn.Linear(2, config.joint_width))
        self.spatial = Transformer(config.joint_count, config.joint_width, config)
        self.temporal = Transformer(config.frames, width, config)
        self.frame_weights = nn.Conv1d(config.frames, 1, 1)
        self.head = nn.Sequential(
            nn.LayerNorm(width), initialise_linear(nn.Linear(width, 3 * config.joint_count))
        )

    def forward(self, keypoints: Tensor) -> tuple[None, Tensor]:
        """Lift every window: keypoints (B, F, J, 2) → no sequence, centre (B, J, 3) metres from the root."""
        self.check(keypoints)
        joints = self.embedding(keypoints)  # (B, F, J, E)
        joints = self.spatial(joints.flatten(0, 1))  # (B·F, J, E)
        tokens = joints.reshape(*keypoints.shape[:2], -1)  # (B, F, C)
        tokens = self.temporal(tokens)  # (B, F, C)
        pose = self.frame_weights(tokens)[:, 0]  # (B, C) learned weighted mean over frames
        centre = self.head(pose)  # (B, 3J)
        return None, centre.view(-1, self.config.joint_count, 3)  # (B, J, 3)


class Transformer(nn.Module):
    """Learned encoding, pre-norm blocks and a norm over a sequence of fixed length N."""

    def __init__(self, length: int, width: int, config: PoseFormerConfig) -> None:
        super().__init__()
        self.encoding = nn.Parameter(torch.zeros(length, width))
        self.blocks = block_stack(
            config.depth,
            width,
            config.heads,
            config.mlp_ratio,
            activation=F.gelu,
            qkv_bias=config.qkv_bias,
            drop_path=config.drop_path,
            epsilon=EPSILON,
        )
        self.norm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C)."""
        tokens = tokens + self.encoding
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.norm(tokens)
        return out
