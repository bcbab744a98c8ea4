"""Strided Transformer: a Transformer over frames, then one that shortens to the centre (Li et al., TMM 2022).

Axes: B windows, F frames, J joints, C channels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.model.network import Blocks
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
    depth: Blocks = Field(default=3, ge=1)
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


class StridedConfig(EncoderConfig):
    """What lifting adds to the encoder."""

    if TYPE_CHECKING:  # the last field of its records
        strides: tuple[int, ...]

    @classmethod
    def window_fields(cls, poses: int) -> dict[str, Any]:
        """Blocks that shorten to a third, until one token is left."""
        return {"frames": poses, "strides": (3,) * round(math.log(poses, 3))}

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """Without dropout: too little motion to learn it by heart."""
        return {"width": width, "hidden": 2 * width, "depth": depth, "dropout": 0, "embedding_dropout": 0}

    def problems(self) -> list[str]:
        """Strides must end at one token."""
        return super().problems() + stride_problems(self.frames, self.strides)


StridedConfigT_co = TypeVar("StridedConfigT_co", bound=StridedConfig, covariant=True)


class StridedTransformerConfig(StridedConfig):
    """Sizes of a Strided Transformer; the defaults are the published 351-frame network."""

    rival: Literal["strided_transformer"] = "strided_transformer"
    strides: tuple[int, ...] = Field(default=(3, 9, 13), min_length=1)
    """Stride of every shortening block; together they leave one token."""


def strided_transformer_351() -> StridedTransformerConfig:
    """Return the published network of 351 frames: 43.7 mm with refinement."""
    return StridedTransformerConfig(frames=351, strides=(3, 9, 13), width=256, hidden=512, depth=3)


def strided_transformer_27() -> StridedTransformerConfig:
    """Return the published network of 27 frames."""
    return strided_transformer_351().evolve(frames=27, strides=(3, 3, 3))


class StridedLifter(Rival[StridedConfigT_co]):
    """Lift all frames of a window coarsely ("full to single") and the central one finely.

    Args:
        config: sizes.
        name: what the weights of the embedding are called in files.
        embedding: 2D poses (B, F, J, 2) → tokens (B, F, C).
    """

    def __init__(self, config: StridedConfigT_co, name: str, embedding: nn.Module) -> None:
        super().__init__(config)
        width, hidden, heads, joints = config.width, config.hidden, config.heads, config.joint_count
        self.embedding_name = name
        self.add_module(name, embedding)
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
        tokens = self.get_submodule(self.embedding_name)(keypoints)  # (B, F, C)
        tokens = self.temporal(tokens)  # (B, F, C)
        sequence = self.sequence_head(tokens)  # (B, F, J, 3)
        centre = self.centre_head(self.strided(tokens))  # (B, 1, J, 3)
        return sequence, centre[:, 0]


class StridedTransformer(StridedLifter[StridedTransformerConfig]):
    """Frames become tokens by one layer."""

    def __init__(self, config: StridedTransformerConfig) -> None:
        joints, width = config.joint_count, config.width
        super().__init__(config, "embedding", PoseEmbedding(joints, width, config.embedding_dropout))


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
