"""P-STMO: a Strided Transformer behind an encoder of single poses, pre-trained on hidden poses
(Shan et al., ECCV 2022).

Axes: B windows, F frames, J joints, C channels.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.model.layers import initialise_linear
from uplift3d.model.network import Blocks
from uplift3d.model.rivals.strided_transformer import EncoderConfig, StridedConfig, StridedLifter

SLOPE = 0.2
"""Of the leaky ReLUs in the pose encoder."""


class PSTMOSizes(EncoderConfig):
    """Sizes of both stages; the defaults are the published 243-frame network."""

    frames: int = Field(default=243, ge=1)
    """Frames F per window."""
    depth: Blocks = Field(default=4, ge=1)
    """Blocks over all frames, before those that shorten."""
    pose_width: int = Field(default=512, ge=1)
    """Width of the encoder of single poses."""
    pose_depth: Blocks = Field(default=1, ge=0)
    """Residual blocks of the encoder of single poses."""


class PSTMOConfig(PSTMOSizes, StridedConfig):
    """Sizes of a P-STMO."""

    rival: Literal["pstmo"] = "pstmo"
    strides: tuple[int, ...] = Field(default=(3, 3, 3, 3, 3), min_length=1)
    """Stride of every shortening block; together they leave one token."""

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """The encoder of single poses is twice as wide."""
        return {**super().small_fields(width, depth), "pose_width": 2 * width}


def pstmo_243() -> PSTMOConfig:
    """Return the published network: 243 poses, one of every second frame; 42.8 mm."""
    return PSTMOConfig(
        frames=243,
        s_out=2,
        strides=(3, 3, 3, 3, 3),
        width=256,
        hidden=512,
        depth=4,
        pose_width=512,
        pose_depth=1,
    )


def pstmo_small_243() -> PSTMOConfig:
    """Return the published "P-STMO-S" with three blocks over all frames: 43.0 mm."""
    return pstmo_243().evolve(depth=3)


class PSTMO(StridedLifter[PSTMOConfig]):
    """Frames become tokens by an encoder of single poses, which is pre-trained."""

    pose_encoder: PoseEncoder

    def __init__(self, config: PSTMOConfig) -> None:
        super().__init__(config, "pose_encoder", PoseEncoder(config))


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
