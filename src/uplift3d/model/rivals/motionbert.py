"""MotionBERT's DSTformer: two streams of spatial and temporal attention (Zhu et al., ICCV 2023).

Written from the paper and the names in the authors' files, which load. No outputs of their network were at
hand, so parity with it is not checked. Their own weights want the detector's confidences as third input, and
answer in the scale of the 2D input (half the image width is 1) in place of metres; `confidence` and `output`
of the configuration say which of the two kinds a network is, and `evaluate.clips` measures theirs.

Axes: B windows, F frames, J joints, C channels.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from uplift3d.errors import InputError
from uplift3d.model.layers import Block, rising
from uplift3d.model.network import Blocks
from uplift3d.model.rivals.base import Rival, RivalConfig

EPSILON = 1e-6
"""Of every layer norm."""


class MotionBERTConfig(RivalConfig):
    """Sizes of a DSTformer; the defaults are the published network ("MB_release")."""

    rival: Literal["motionbert"] = "motionbert"
    frames: int = Field(default=243, ge=1)
    """Most frames per window; fewer are fine."""
    width: int = Field(default=512, ge=1)
    """Channels C per joint and frame ("dim_feat")."""
    depth: Blocks = Field(default=5, ge=1)
    """Layers, each with both streams."""
    heads: int = Field(default=8, ge=1)
    """Attention heads; divides the width."""
    mlp_ratio: float = Field(default=2.0, gt=0)
    """Hidden width of every MLP over its width."""
    representation: int = Field(default=512, ge=1)
    """Width of the representation in front of the head ("dim_rep")."""
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Stochastic depth of the last layer, rising linearly from 0."""
    confidence: Literal["ones", "detected", "none"] = "ones"
    """Third input channel: always 1 (trained here), the 2D detector's confidence (published), or none."""
    output: Literal["metres", "image"] = "metres"
    """Unit of the answers: metres from the root (trained here), or half image widths (published): x and y as
    in the image, with or without the root's own place, z as large as x and y are at the root's depth."""
    velocity_weight: float = Field(default=20.0, ge=0)
    """Weight in training of the mean error of frame-to-frame displacements."""
    scale_weight: float = Field(default=0.5, ge=0)
    """Weight in training of the position error after scaling each pose to fit best."""

    @property
    def tokens(self) -> int:
        """Frames per window."""
        return self.frames

    @property
    def as_published(self) -> bool:
        """Whether input or output are the authors', so that their evaluation is needed and no training."""
        return self.confidence == "detected" or self.output == "image"

    @property
    def untrainable(self) -> str:
        """Published networks are for published weights."""
        if not self.as_published:
            return ""
        return (
            f"confidence {self.confidence} and output {self.output} are for published weights: trained "
            "are networks without detected confidences (ones or none) that answer in metres"
        )

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """Half as wide and deep: each of its layers is two streams of two blocks."""
        return {"width": width // 2, "depth": max(1, depth // 2), "representation": width}

    def problems(self) -> list[str]:
        """Heads must divide the width, and what is as published must be so as a whole."""
        found = []
        if self.width % self.heads:
            found.append(f"width is {self.width}, which {self.heads} heads do not divide")
        if self.as_published and (self.input, self.axes) != ("screen", "camera"):
            found.append("detected confidence and image units need input 'screen' and axes 'camera'")
        return found


def motionbert_243() -> MotionBERTConfig:
    """Return the published network of 243 frames, 42.5 M parameters."""
    return MotionBERTConfig(frames=243, width=512, depth=5, heads=8, mlp_ratio=2, representation=512)


def motionbert_lite_243() -> MotionBERTConfig:
    """Return the published "MotionBERT-Lite", 16.0 M parameters."""
    return motionbert_243().evolve(width=256, mlp_ratio=4)


class MotionBERT(Rival[MotionBERTConfig]):
    """Lift all frames of a window alike."""

    answers_all_alike = True

    def __init__(self, config: MotionBERTConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Linear(2 if config.confidence == "none" else 3, config.width)
        self.joint_encoding = nn.Parameter(torch.empty(config.joint_count, config.width))
        self.frame_encoding = nn.Parameter(torch.empty(config.frames, 1, config.width))
        rates = rising(config.drop_path, config.depth)
        self.layers = nn.ModuleList(DualStreamLayer(config, rate) for rate in rates)
        self.norm = nn.LayerNorm(config.width, eps=EPSILON)
        self.represent = nn.Linear(config.width, config.representation)
        self.head = nn.Linear(config.representation, 3)
        self._initialise()

    def forward(self, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Lift every window.

        Args:
            keypoints: (B, F, J, 2) normalised image coordinates, or (B, F, J, 3) with confidences in [0, 1]
                behind x and y (default: all 1), unless `config.confidence` is "none"; F at most
                `config.frames`.

        Returns:
            sequence (B, F, J, 3) and its pose F // 2, centre (B, J, 3): metres from the root, or what
            `config.output` says.

        Raises:
            InputError: keypoints of another shape.
        """
        features = self.embedding(self._channels(keypoints))  # (B, F, J, C)
        features = features + self.joint_encoding + self.frame_encoding[: keypoints.shape[1]]
        for layer in self.layers:
            features = layer(features)  # (B, F, J, C)
        features = torch.tanh(self.represent(self.norm(features)))  # (B, F, J, representation)
        sequence: Tensor = self.head(features)  # (B, F, J, 3)
        return sequence, sequence[:, sequence.shape[1] // 2]

    def extra_loss(self, sequence: Tensor | None, target: Tensor) -> Tensor:
        """Weighted errors of velocity (metres per frame) and of poses scaled to fit best (metres)."""
        assert sequence is not None
        config = self.config
        return config.velocity_weight * velocity_error(sequence, target) + config.scale_weight * scaled_error(
            sequence, target
        )

    def _channels(self, keypoints: Tensor) -> Tensor:
        """Check the shape, and append a confidence of 1 to (B, F, J, 2) where one is wanted."""
        frames, joints, wanted = self.config.frames, self.config.joint_count, self.embedding.in_features
        if keypoints.ndim != 4 or not (
            0 < keypoints.shape[1] <= frames
            and keypoints.shape[2] == joints
            and 2 <= keypoints.shape[3] <= wanted
        ):
            channels = "2, or 3 with confidence" if wanted == 3 else "2"
            raise InputError(
                f"keypoints have shape {tuple(keypoints.shape)}; {self.config.network_name()} takes "
                f"(windows, at most {frames} frames, {joints} joints, {channels})"
            )
        return F.pad(keypoints, (0, wanted - keypoints.shape[3]), value=1.0)

    def _initialise(self) -> None:
        """Start with small weights and streams that count alike."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        for layer in self.layers:
            assert isinstance(layer, DualStreamLayer)
            nn.init.zeros_(layer.share.weight)
        for code in (self.joint_encoding, self.frame_encoding):
            nn.init.trunc_normal_(code, std=0.02)


class DualStreamLayer(nn.Module):
    """Joints-then-frames beside frames-then-joints, mixed by learned shares."""

    def __init__(self, config: MotionBERTConfig, drop_path: float) -> None:
        super().__init__()
        self.space_first = SpaceTime(config, drop_path)
        self.time_first = SpaceTime(config, drop_path)
        self.share = nn.Linear(2 * config.width, 2)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, F, J, C) to (B, F, J, C)."""
        first = self.space_first.over_frames(self.space_first.over_joints(features))
        second = self.time_first.over_joints(self.time_first.over_frames(features))
        share = self.share(torch.cat([first, second], dim=-1)).softmax(-1)  # (B, F, J, 2)
        mixed: Tensor = first * share[..., :1] + second * share[..., 1:]
        return mixed


class SpaceTime(nn.Module):
    """A block over the joints of a frame and one over the frames of a joint, for callers to put in order."""

    def __init__(self, config: MotionBERTConfig, drop_path: float) -> None:
        super().__init__()
        self.spatial, self.temporal = (
            Block(
                config.width,
                config.heads,
                config.mlp_ratio,
                activation=F.gelu,
                drop_path=drop_path,
                epsilon=EPSILON,
            )
            for _ in range(2)
        )

    def over_joints(self, features: Tensor) -> Tensor:
        """Relate the joints of every frame, (B, F, J, C) → (B, F, J, C)."""
        out: Tensor = self.spatial(features.flatten(0, 1))
        return out.view_as(features)

    def over_frames(self, features: Tensor) -> Tensor:
        """Relate the frames of every joint, (B, F, J, C) → (B, F, J, C)."""
        tracks = features.transpose(1, 2)  # (B, J, F, C)
        out: Tensor = self.temporal(tracks.flatten(0, 1))
        return out.view_as(tracks).transpose(1, 2)


def velocity_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean length of the error of frame-to-frame displacements of (B, F, J, 3); 0 for a single frame."""
    if predicted.shape[1] < 2:
        return predicted.new_zeros(())
    difference = predicted.diff(dim=1) - target.diff(dim=1)
    length: Tensor = torch.linalg.vector_norm(difference, dim=-1)
    return length.mean()


def scaled_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean joint error of (…, J, 3) after each pose is scaled to fit its target best (least squares)."""
    size = (predicted**2).sum((-1, -2), keepdim=True).clamp(min=1e-12)
    scale = (predicted * target).sum((-1, -2), keepdim=True) / size
    length: Tensor = torch.linalg.vector_norm(scale * predicted - target, dim=-1)
    return length.mean()
