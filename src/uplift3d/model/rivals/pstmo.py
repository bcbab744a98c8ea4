"""P-STMO: a Strided Transformer behind an encoder of single poses, pre-trained on hidden poses
(Shan et al., ECCV 2022).

Axes: B windows, F frames, J joints, C channels.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.model.layers import initialise_linear
from uplift3d.model.rivals.base import Rival
from uplift3d.model.rivals.encoders import Encoder, PoseHead, StridedEncoder, stride_problems
from uplift3d.model.rivals.strided_transformer import EncoderConfig

SLOPE = 0.2
"""Of the leaky ReLUs in the pose encoder."""


class PSTMOSizes(EncoderConfig):
    """Sizes of both stages; the defaults are the published 243-frame network."""

    frames: int = Field(default=243, ge=1)
    """Frames F per window."""
    depth: int = Field(default=4, ge=1)
    """Blocks over all frames, before those that shorten."""
    pose_width: int = Field(default=512, ge=1)
    """Width of the encoder of single poses."""
    pose_depth: int = Field(default=1, ge=0)
    """Residual blocks of the encoder of single poses."""


class PSTMOConfig(PSTMOSizes):
    """Sizes of a P-STMO."""

    rival: Literal["pstmo"] = "pstmo"
    strides: tuple[int, ...] = Field(default=(3, 3, 3, 3, 3), min_length=1)
    """Stride of every shortening block; together they leave one token."""

    def problems(self) -> list[str]:
        """Strides must end at one token."""
        return super().problems() + stride_problems(self.frames, self.strides)


class PSTMO(Rival[PSTMOConfig]):
    """Lift all frames of a window coarsely and the central one finely."""

    def __init__(self, config: PSTMOConfig) -> None:
        super().__init__(config)
        width, hidden, heads, joints = config.width, config.hidden, config.heads, config.joint_count
        self.pose_encoder = PoseEncoder(config)
        self.temporal = Encoder(config.frames, width, hidden, heads, config.depth, config.dropout)
        self.sequence_head = PoseHead(width, joints)
        self.strided = StridedEncoder(config.frames, width, hidden, heads, config.strides, config.dropout)
        self.centre_head = PoseHead(width, joints)

    def forward(self, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Lift every window.

        Args:
            keypoints: (B, F, J, 2) normalised image coordinates.

        Returns:
            sequence (B, F, J, 3) and centre (B, J, 3), metres from the root.
        """
        self.check(keypoints)
        tokens = self.pose_encoder(keypoints)  # (B, F, C)
        tokens = self.temporal(tokens)  # (B, F, C)
        sequence = self.sequence_head(tokens)  # (B, F, J, 3)
        centre = self.centre_head(self.strided(tokens))  # (B, 1, J, 3)
        return sequence, centre[:, 0]


class PoseEncoder(nn.Module):
    """2D pose → token by a residual network, frame by frame."""

    def __init__(self, config: PSTMOSizes) -> None:
        super().__init__()
        inner, dropout = config.pose_width, config.embedding_dropout
        self.expand = DenseLayer(2 * config.joint_count, inner, dropout)
        self.blocks = nn.ModuleList(
            nn.Sequential(DenseLayer(inner, inner, dropout), DenseLayer(inner, inner, dropout))
            for _ in range(config.pose_depth)
        )
        self.contract = initialise_linear(nn.Linear(inner, config.width))

    def forward(self, keypoints: Tensor) -> Tensor:
        """Map poses (B, F, J, 2) to tokens (B, F, C)."""
        features = self.expand(keypoints.flatten(2))
        for block in self.blocks:
            features = features + block(features)
        tokens: Tensor = self.contract(features)
        return tokens


class DenseLayer(nn.Module):
    """Linear, batch norm, leaky ReLU, dropout."""

    def __init__(self, width_in: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = initialise_linear(nn.Linear(width_in, width))
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, F, C) to (B, F, C')."""
        features = self.norm(self.linear(features).transpose(1, 2)).transpose(1, 2)
        out: Tensor = self.dropout(F.leaky_relu(features, SLOPE))
        return out
