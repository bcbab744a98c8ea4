"""VideoPose3D: temporal convolutions (Pavllo, Feichtenhofer, Grangier, Auli, CVPR 2019).

A 2D pose sequence goes through convolutions over time whose dilation grows by the filter width from one to
the next, each with a residual; no padding, so R frames give the pose of one.

Axes: B windows, F frames, R receptive field, J joints, C channels.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.model.rivals.base import Rival, RivalConfig


class VideoPose3DConfig(RivalConfig):
    """Sizes of a VideoPose3D; the defaults are the published 243-frame network."""

    rival: Literal["videopose3d"] = "videopose3d"
    filter_widths: tuple[int, ...] = Field(default=(3, 3, 3, 3, 3), min_length=1)
    """Frames that each convolution over time spans, odd; their product is the receptive field."""
    channels: int = Field(default=1024, ge=1)
    """Width C of the hidden layers."""
    causal: bool = False
    """Answer the last frame of a window in place of the central one, so that no future frame is needed."""
    dropout: float = Field(default=0.25, ge=0, lt=1)
    """Dropout behind every convolution."""

    @property
    def tokens(self) -> int:
        """Receptive field R in frames."""
        return math.prod(self.filter_widths)

    @classmethod
    def window_fields(cls, poses: int) -> dict[str, Any]:
        """As many filters of three frames as make such a window."""
        return {"filter_widths": (3,) * round(math.log(poses, 3))}

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """Convolutions are cheap, so they are twice as wide as a Transformer."""
        return {"channels": 2 * width, "dropout": 0}

    def problems(self) -> list[str]:
        """Even widths have no central frame."""
        if any(width < 1 or width % 2 == 0 for width in self.filter_widths):
            return [f"filter_widths is {self.filter_widths}, but every width must be odd"]
        return []


def videopose3d_243() -> VideoPose3DConfig:
    """Return the published network of 243 frames: 46.8 mm with CPN input, 16.95 M parameters."""
    return VideoPose3DConfig(filter_widths=(3, 3, 3, 3, 3), channels=1024)


def videopose3d_27() -> VideoPose3DConfig:
    """Return the published small network of 27 frames: 48.8 mm, 8.56 M parameters."""
    return VideoPose3DConfig(filter_widths=(3, 3, 3), channels=1024)


class VideoPose3D(Rival[VideoPose3DConfig]):
    """Lift 2D poses by convolutions over time.

    The weights serve two forms that give the same answers in evaluation. The dilated form answers every frame
    of a long sequence that has a full window; the strided form computes only what the one answer of a single
    window needs, and is the form for training.
    """

    takes_whole_clips = True

    def __init__(self, config: VideoPose3DConfig) -> None:
        super().__init__(config)
        first, *others = config.filter_widths
        self.expand = ConvolutionOverTime(2 * config.joint_count, config.channels, first, config.dropout)
        self.stages = nn.ModuleList(ResidualStage(config, width) for width in others)
        self.shrink = nn.Conv1d(config.channels, 3 * config.joint_count, 1)

    @property
    def answered_token(self) -> int:
        """Frame of a window that is answered: the last one of a causal network, else the central one."""
        return self.receptive_field - 1 if self.config.causal else self.receptive_field // 2

    def forward(self, keypoints: Tensor) -> tuple[Tensor | None, Tensor]:
        """Lift single windows or longer sequences.

        Args:
            keypoints: (B, F, J, 2) normalised image coordinates, F at least the receptive field R.

        Returns:
            centre (B, J, 3) of the frame `answered_token` of a single window, and no sequence; for F > R the
            sequence (B, F − R + 1, J, 3) of the frames from `answered_token` on, and its middle pose.
            Metres from the root.

        Raises:
            InputError: keypoints of another shape, or fewer frames than the receptive field.
        """
        self.check(keypoints, at_least=self.receptive_field)
        if keypoints.shape[1] == self.receptive_field:
            return None, self.strided(keypoints)[:, 0]  # (B, J, 3)
        sequence = self.dilated(keypoints)  # (B, F − R + 1, J, 3)
        return sequence, sequence[:, sequence.shape[1] // 2]

    def dilated(self, keypoints: Tensor) -> Tensor:
        """Answer every frame of (B, F, J, 2) that has a full window: (B, F − R + 1, J, 3)."""
        features = self.expand(channels_second(keypoints))  # (B, C, F − w + 1)
        first, *others = self.config.filter_widths
        dilation = first
        for width, stage in zip(others, self.stages, strict=True):
            features = stage(features, dilation)  # (B, C, F')
            dilation *= width
        return self._read(features)

    def strided(self, keypoints: Tensor) -> Tensor:
        """Answer one window after the other, without overlap: (B, F, J, 2) → (B, F // R, J, 3)."""
        first, *others = self.config.filter_widths
        features = self.expand(channels_second(keypoints), stride=first)  # (B, C, F / w)
        for width, stage in zip(others, self.stages, strict=True):
            features = stage(features, stride=width)  # (B, C, F')
        return self._read(features)

    def _read(self, features: Tensor) -> Tensor:
        poses: Tensor = self.shrink(features).transpose(1, 2)  # (B, F', 3J)
        return poses.reshape(*poses.shape[:2], -1, 3)  # (B, F', J, 3)


class ConvolutionOverTime(nn.Module):
    """Convolution, batch norm, ReLU, dropout."""

    def __init__(self, channels_in: int, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels_in, channels, width, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor, dilation: int = 1, stride: int = 1) -> Tensor:
        """Map (B, C, F) to (B, C', F'), every `stride`-th frame that the dilated kernel fits on."""
        features = F.conv1d(features, self.convolution.weight, dilation=dilation, stride=stride)
        out: Tensor = self.dropout(F.relu(self.norm(features)))
        return out


class ResidualStage(nn.Module):
    """A convolution over time and a pointwise one, around which the answered frames pass unchanged."""

    def __init__(self, config: VideoPose3DConfig, width: int) -> None:
        super().__init__()
        self.answered = width - 1 if config.causal else width // 2  # tap of the kernel
        self.temporal = ConvolutionOverTime(config.channels, config.channels, width, config.dropout)
        self.pointwise = ConvolutionOverTime(config.channels, config.channels, 1, config.dropout)

    def forward(self, features: Tensor, dilation: int = 1, stride: int = 1) -> Tensor:
        """Map (B, C, F) to (B, C, F'), as `ConvolutionOverTime`."""
        mixed: Tensor = self.pointwise(self.temporal(features, dilation, stride))  # (B, C, F')
        kept = features[:, :, self.answered * dilation :: stride]
        return kept[:, :, : mixed.shape[2]] + mixed


def channels_second(keypoints: Tensor) -> Tensor:
    """Lay out keypoints (B, F, J, 2) as the channels of a convolution over time, (B, 2J, F)."""
    return keypoints.flatten(2).transpose(1, 2)
