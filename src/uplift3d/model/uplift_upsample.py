"""Key-frame 2D poses in, dense 3D poses out.

The method of "Uplift and Upsample" (Einfalt, Ludwig, Lienhart, WACV 2023): 2D poses of few frames become
tokens, one learned token stands for every frame between them, and Transformers over time fill in 3D poses.

Axes: B windows, N tokens, M pose tokens, J joints, C channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uplift3d.errors import InputError
from uplift3d.model.config import ModelConfig
from uplift3d.model.initialise import start_quickly
from uplift3d.model.layers import (
    Block,
    Head,
    StridedBlock,
    block_stack,
    encoding,
    initialise_linear,
    key_bias,
    rising,
)
from uplift3d.model.network import LiftingNetwork


class UpliftUpsample(LiftingNetwork[ModelConfig]):
    """Lift windows of sparse 2D poses to a 3D pose per token and a refined pose of the centre.

    `forward` does everything at once, for training and evaluation. `embed` and `uplift` are its two halves
    for inference, where neighbouring windows share pose tokens.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        width = config.temporal_width
        self.spatial = SpatialTransformer(config)
        self.upsampling_token = encoding(width) if config.masked_tokens else None
        self.temporal_encoding = encoding(config.tokens, width)
        self.temporal = TemporalTransformer(config)
        self.strided = StridedTransformer(config)
        self.sequence_head = _head(config) if config.temporal_depth else None
        self.centre_head = _head(config)

    def forward(self, keypoints: Tensor, mask: Tensor | None = None) -> tuple[Tensor | None, Tensor]:
        """Lift every window to a 3D sequence and a refined centre pose.

        Args:
            keypoints: (B, N, J, channels) normalised image coordinates, and what else the configuration asks
                for (`normalise.channel_names`); rows outside `mask` are never read.
            mask: (B, N) bool, True where a 2D pose was observed; default: everywhere.

        Returns:
            sequence (B, N, J, 3), None without temporal blocks, and centre (B, J, 3): metres from the root,
            in the axes that `config.axes` names.

        Raises:
            InputError: a mask with gaps for a model that has no upsampling token.
        """
        tokens = self._tokens(keypoints, mask)  # (B, N, C) upsampling token where unobserved
        tokens = tokens + self.temporal_encoding  # (B, N, C)
        bias = None if mask is None else key_bias(mask)  # (B, 1, 1, N)
        tokens = self.temporal(tokens, bias)  # (B, N, C) first block: keys from observed tokens only
        return self.read(tokens, bias)

    def answer(self, keypoints: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """See `LiftingNetwork`."""
        answers: tuple[Tensor | None, Tensor] = self(keypoints, mask)
        return answers

    def start_quickly(self) -> None:
        """See `uplift3d.model.initialise`."""
        start_quickly(self)

    def embed(self, poses: Tensor) -> Tensor:
        """Turn single 2D poses (M, J, channels) into pose tokens (M, C)."""
        tokens: Tensor = self.spatial(poses)
        return tokens

    def uplift(self, pose_tokens: Tensor, slots: Tensor) -> tuple[Tensor | None, Tensor]:
        """Lift windows that are given as their pose tokens.

        Args:
            pose_tokens: (B, M, C) from `embed`; M may be 0.
            slots: (B, M) int64 window position of every pose token, each at most once; N marks padding.

        Returns:
            As `forward`. Keys and values of the first deferred block are computed from pose tokens only.
        """
        assert self.upsampling_token is not None, "this model has no upsampling token; use forward"
        tokens = scatter_tokens(self.upsampling_token, pose_tokens, slots, self.config.tokens)  # (B, N, C)
        tokens = tokens + self.temporal_encoding  # (B, N, C)
        bias = key_bias(observed_slots(slots, self.config.tokens)) if self._full_mask_needed else None
        tokens = self.temporal(tokens, bias, self._sources(pose_tokens, slots))  # (B, N, C)
        return self.read(tokens, bias)

    def _tokens(self, keypoints: Tensor, mask: Tensor | None) -> Tensor:
        """Embed observed poses only and put the upsampling token everywhere else, (B, N, C)."""
        if self.upsampling_token is None or mask is None:
            if mask is not None and not bool(mask.all()):
                raise InputError("this model has no upsampling token, so every token needs a 2D pose")
            return self.embed(keypoints.flatten(0, 1)).view(*keypoints.shape[:2], self.config.temporal_width)
        pose_tokens = self.embed(keypoints[mask])  # (M of all windows, C)
        tokens = self.upsampling_token.expand(*mask.shape, -1)  # (B, N, C)
        return tokens.index_put((mask,), pose_tokens.to(tokens.dtype))

    def read(self, tokens: Tensor, bias: Tensor | None) -> tuple[Tensor | None, Tensor]:
        """Read sequence (B, N, J, 3) and centre (B, J, 3) off the tokens."""
        sequence = None if self.sequence_head is None else self.sequence_head(tokens)  # (B, N, J, 3)
        centre = self.centre_head(self.strided(tokens, bias))  # (B, 1, J, 3)
        return sequence, centre[:, 0]

    @property
    def _full_mask_needed(self) -> bool:
        """Whether a block other than the first temporal one defers the upsampling tokens."""
        return self.config.deferred_depth > (1 if self.config.temporal_depth else 0)

    def _sources(self, pose_tokens: Tensor, slots: Tensor) -> tuple[Tensor, Tensor] | None:
        """Key sources (B, M + 1, C) of the first temporal block and their bias (B, 1, 1, M + 1).

        The last source serves windows without any pose token. There every token is an upsampling token, and
        the published model attends to all of them uniformly: the mean of their values, which is the value of
        their mean because the projection is linear.
        """
        if not (self.config.temporal_depth and self.config.deferred_depth):
            return None
        assert self.upsampling_token is not None
        norm = self.temporal.first.norm1
        encodings = F.pad(self.temporal_encoding, (0, 0, 0, 1))[slots]  # (B, M, C) zero for padding
        poses = norm(pose_tokens + encodings)  # (B, M, C)
        blank = norm(self.upsampling_token + self.temporal_encoding).mean(0)  # (C,)
        observed = slots < self.config.tokens  # (B, M)
        empty = ~observed.any(1, keepdim=True)  # (B, 1)
        sources = torch.cat([poses, blank.expand(poses.shape[0], 1, -1)], dim=1)  # (B, M + 1, C)
        return sources, key_bias(torch.cat([observed, empty], dim=1))


class SpatialTransformer(nn.Module):
    """One 2D pose → one token: a Transformer over the joints of a frame."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, joints = config.spatial_width, config.joint_count
        features = joints * (width if config.spatial_depth else config.channels)
        self.joints = JointTransformer(config) if config.spatial_depth else nn.Identity()
        self.to_token = initialise_linear(nn.Linear(features, config.temporal_width))

    def forward(self, poses: Tensor) -> Tensor:
        """Map poses (M, J, channels) to tokens (M, C)."""
        tokens: Tensor = self.to_token(self.joints(poses).flatten(1))
        return tokens


class JointTransformer(nn.Module):
    """Relates the joints of one frame to one another."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.spatial_width
        self.embedding = initialise_linear(nn.Linear(config.channels, width))
        self.encoding = encoding(config.joint_count, width)
        self.blocks = block_stack(
            config.spatial_depth,
            width,
            config.heads,
            config.mlp_ratio,
            activation=F.gelu,
            qkv_bias=config.qkv_bias,
            drop_path=config.drop_path_spatial,
            epsilon=config.block_epsilon,
        )
        self.norm = nn.LayerNorm(width, eps=config.spatial_norm_epsilon)

    def forward(self, poses: Tensor) -> Tensor:
        """Map poses (M, J, channels) to joint features (M, J, spatial width)."""
        features = self.embedding(poses) + self.encoding
        for block in self.blocks:
            features = block(features)
        out: Tensor = self.norm(features)
        return out


class TemporalTransformer(nn.Module):
    """Blocks over all tokens of a window; the first `deferred_depth` take no keys from upsampling tokens."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.deferred_depth = config.deferred_depth
        self.blocks = block_stack(
            config.temporal_depth,
            config.temporal_width,
            config.heads,
            config.mlp_ratio,
            activation=F.relu,
            qkv_bias=config.qkv_bias,
            drop_path=config.drop_path_temporal,
            epsilon=config.block_epsilon,
        )

    @property
    def first(self) -> Block:
        """The first block."""
        block = self.blocks[0]
        assert isinstance(block, Block)
        return block

    def forward(
        self, tokens: Tensor, bias: Tensor | None, sources: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C).

        Args:
            tokens: (B, N, C).
            bias: (B, 1, 1, N) logits that keep upsampling tokens from being keys.
            sources: key sources of the first block and their bias, see `UpliftUpsample._sources`.
        """
        for index, block in enumerate(self.blocks):
            if index == 0 and sources is not None:
                tokens = block(tokens, sources[1], sources[0])
            else:
                tokens = block(tokens, bias if index < self.deferred_depth else None)
        return tokens


class StridedTransformer(nn.Module):
    """Stages that shorten the window to its central token."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.deferred = config.temporal_depth == 0 and config.deferred_depth > 0
        stages = zip(config.strided_lengths[:-1], config.strided, config.paddings, strict=True)
        self.blocks = nn.ModuleList(
            StridedBlock(
                length,
                config.temporal_width,
                config.heads,
                config.mlp_ratio,
                stride=stride,
                padding=padding,
                qkv_bias=config.qkv_bias,
                drop_path=rate,
                epsilon=config.block_epsilon,
            )
            for (length, stride, padding), rate in zip(
                stages, rising(config.drop_path_strided, len(config.strided)), strict=True
            )
        )

    def forward(self, tokens: Tensor, bias: Tensor | None) -> Tensor:
        """Map tokens (B, N, C) to the central one (B, 1, C); `bias` counts where no block deferred before."""
        for index, block in enumerate(self.blocks):
            tokens = block(tokens, bias if index == 0 and self.deferred else None)
        centre = tokens.shape[1] // 2
        return tokens[:, centre : centre + 1]


def scatter_tokens(blank: Tensor, pose_tokens: Tensor, slots: Tensor, length: int) -> Tensor:
    """Put pose tokens (B, M, C) at their slots (B, M) of windows (B, N, C) otherwise `blank` (C,)."""
    batch, _, width = pose_tokens.shape
    windows = blank.expand(batch, length + 1, width)  # one more row collects the padding
    index = slots[..., None].expand(-1, -1, width)
    return windows.scatter(1, index, pose_tokens)[:, :length]


def observed_slots(slots: Tensor, length: int) -> Tensor:
    """Return the mask (B, N) of window positions that `slots` (B, M) fill; `length` marks padding."""
    filled = torch.zeros(slots.shape[0], length + 1, device=slots.device)  # ONNX cannot scatter booleans
    return filled.scatter(1, slots, 1.0)[:, :length] > 0


def _head(config: ModelConfig) -> Head:
    return Head(
        config.temporal_width,
        config.joint_count,
        batch_norm=config.output_batch_norm,
        epsilon=config.batch_norm_epsilon,
    )
