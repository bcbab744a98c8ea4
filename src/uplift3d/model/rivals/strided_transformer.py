"""Strided Transformer: a Transformer over frames, then one that shortens to the centre (Li et al., TMM 2022).

Axes: B windows, F frames, J joints, C channels.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.model.rivals.base import Rival, RivalConfig
from uplift3d.model.rivals.encoders import Encoder, PoseHead, StridedEncoder, stride_problems


class EncoderConfig(RivalConfig):
    """Sizes that Strided Transformer, P-STMO and its pre-training have in common."""

    frames: int = Field(default=351, ge=1)
    """Frames F per window."""
    width: int = Field(default=256, ge=2)
    """Channels C per token."""
    hidden: int = Field(default=512, ge=1)
    """Width of the hidden layer of every block ("d_hid")."""
    depth: int = Field(default=3, ge=1)
    """Blocks over all frames, before those that shorten."""
    heads: int = Field(default=8, ge=1)
    """Attention heads; divides the width."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout inside blocks."""
    embedding_dropout: float = Field(default=0.25, ge=0, lt=1)
    """Dropout behind the embedding of 2D poses."""

    @property
    def tokens(self) -> int:
        """Frames per window."""
        return self.frames

    def problems(self) -> list[str]:
        """Heads must divide the width."""
        if self.width % self.heads:
            return [f"width is {self.width}, which {self.heads} heads do not divide"]
        return []


class StridedTransformerConfig(EncoderConfig):
    """Sizes of a Strided Transformer; the defaults are the published 351-frame network."""

    rival: Literal["strided_transformer"] = "strided_transformer"
    strides: tuple[int, ...] = Field(default=(3, 9, 13), min_length=1)
    """Stride of every shortening block; together they leave one token."""

    def problems(self) -> list[str]:
        """Strides must end at one token."""
        return super().problems() + stride_problems(self.frames, self.strides)


class StridedTransformer(Rival[StridedTransformerConfig]):
    """Lift all frames of a window coarsely ("full to single") and the central one finely."""

    def __init__(self, config: StridedTransformerConfig) -> None:
        super().__init__(config)
        width, hidden, heads, joints = config.width, config.hidden, config.heads, config.joint_count
        self.embedding = PoseEmbedding(joints, width, config.embedding_dropout)
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
        tokens = self.embedding(keypoints)  # (B, F, C)
        tokens = self.temporal(tokens)  # (B, F, C)
        sequence = self.sequence_head(tokens)  # (B, F, J, 3)
        centre = self.centre_head(self.strided(tokens))  # (B, 1, J, 3)
        return sequence, centre[:, 0]


class PoseEmbedding(nn.Module):
    """2D pose → token: linear, batch norm, ReLU, dropout."""

    def __init__(self, joints: int, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * joints, width)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, keypoints: Tensor) -> Tensor:
        """Map poses (B, F, J, 2) to tokens (B, F, C)."""
        features = self.linear(keypoints.flatten(2)).transpose(1, 2)  # (B, C, F)
        tokens: Tensor = self.dropout(F.relu(self.norm(features)))
        return tokens.transpose(1, 2)
