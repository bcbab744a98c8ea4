"""The first stage of P-STMO: guess hidden 2D poses from the visible ones (masked pose modelling).

Some joints of every frame are replaced by a learned token, whole frames are left out; the encoder of the
later network sees the rest, and a narrow decoder draws all 2D poses again.

Axes: B windows, F frames, V visible frames, J joints, C channels, D channels of the decoder.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from uplift3d.errors import InputError
from uplift3d.model.network import Blocks, Network
from uplift3d.model.rivals.encoders import DeviationNorm, Encoder, EncoderBlock, PoseHead
from uplift3d.model.rivals.pstmo import PSTMO, PoseEncoder, PSTMOSizes, pstmo_243


class PSTMOPretrainingConfig(PSTMOSizes):
    """Sizes of the pre-training network: those of the later network and of the decoder."""

    rival: Literal["pstmo_pretraining"] = "pstmo_pretraining"
    decoder_width: int = Field(default=128, ge=2)
    """Channels D of the decoder."""
    decoder_hidden: int = Field(default=256, ge=1)
    """Width of the hidden layer of every decoder block."""
    decoder_depth: Blocks = Field(default=2, ge=1)
    """Blocks of the decoder."""
    hidden_frames: float = Field(default=0.8, ge=0, lt=1)
    """Share of the frames that training hides."""
    hidden_joints: int = Field(default=2, ge=0)
    """Joints that training hides in every frame."""

    def problems(self) -> list[str]:
        """Heads must divide the decoder's width too, and some joints must stay visible."""
        found = super().problems()
        if self.decoder_width % self.heads:
            found.append(f"decoder_width is {self.decoder_width}, which {self.heads} heads do not divide")
        if self.hidden_joints >= self.joint_count:
            found.append(f"hidden_joints is {self.hidden_joints}, but a pose has {self.joint_count} joints")
        return found


def pstmo_pretraining_243() -> PSTMOPretrainingConfig:
    """Return the pre-training of `pstmo_243`: 60 % of the frames and 3 joints in the others are hidden."""
    sizes = pstmo_243().model_dump(exclude={"rival", "strides"})
    return PSTMOPretrainingConfig(
        **sizes,
        decoder_width=128,
        decoder_hidden=256,
        decoder_depth=2,
        hidden_frames=0.6,
        hidden_joints=3,
    )


def pstmo_small_pretraining_243() -> PSTMOPretrainingConfig:
    """Return the pre-training of `pstmo_small_243`: 80 % of the frames and 2 joints are hidden."""
    return pstmo_pretraining_243().evolve(depth=3, hidden_frames=0.8, hidden_joints=2)


class PSTMOPretraining(Network[PSTMOPretrainingConfig]):
    """Draw hidden 2D poses; `pose_encoder` and `temporal` are those of the later `PSTMO`."""

    def __init__(self, config: PSTMOPretrainingConfig) -> None:
        super().__init__(config)
        width, narrow = config.width, config.decoder_width
        self.joint_token = nn.Parameter(0.02 * torch.randn(2))
        self.pose_encoder = PoseEncoder(config)
        self.temporal = Encoder(
            config.frames, width, config.hidden, config.heads, config.depth, config.dropout
        )
        self.norm = DeviationNorm(width)
        self.to_decoder = nn.Linear(width, narrow, bias=False)
        self.frame_token = nn.Parameter(torch.randn(narrow))
        self.decoder_encoding = nn.Parameter(torch.randn(config.frames, narrow))
        self.decoder = nn.Sequential(
            *(
                EncoderBlock(narrow, config.decoder_hidden, config.heads, config.dropout)
                for _ in range(config.decoder_depth)
            )
        )
        self.head = PoseHead(narrow, config.joint_count, axes=2)

    def forward(self, keypoints: Tensor, hidden_frames: Tensor, hidden_joints: Tensor) -> Tensor:
        """Draw all 2D poses of every window.

        Args:
            keypoints: (B, F, J, 2) normalised image coordinates.
            hidden_frames: (F,) bool, the same for all windows; at least one frame visible.
            hidden_joints: (F, J) bool.

        Returns:
            (B, F, J, 2): the visible frames first, then the hidden ones, as `visible_first` sorts them.

        Raises:
            InputError: no visible frame.
        """
        if bool(hidden_frames.all()):
            raise InputError(f"all {len(hidden_frames)} frames are hidden; at least one must be visible")
        keypoints = torch.where(hidden_joints[..., None], self.joint_token, keypoints)  # (B, F, J, 2)
        tokens = self.temporal(self.pose_encoder(keypoints), ~hidden_frames)  # (B, V, C)
        tokens = self._fill(self.to_decoder(self.norm(tokens)), hidden_frames)  # (B, F, D)
        poses: Tensor = self.head(self.decoder(tokens))  # (B, F, J, 2)
        return poses

    def _fill(self, visible: Tensor, hidden_frames: Tensor) -> Tensor:
        """Append the learned token for every hidden frame to (B, V, D); all get their frame's encoding."""
        hidden = self.frame_token.expand(len(visible), int(hidden_frames.sum()), -1)  # (B, F − V, D)
        tokens = torch.cat([visible, hidden], dim=1)  # (B, F, D)
        return tokens + self.decoder_encoding[visible_first(hidden_frames)]


def visible_first(hidden_frames: Tensor) -> Tensor:
    """Frame numbers (F,) int64: visible ones in order of time, then hidden ones in order of time."""
    return torch.argsort(hidden_frames.int(), stable=True)


def draw_hidden(config: PSTMOPretrainingConfig, random: Generator) -> tuple[Tensor, Tensor]:
    """Draw what a training step hides: frames (F,) and joints (F, J), both bool."""
    frames, joints = config.frames, config.joint_count
    device = random.device
    order = torch.rand(frames, generator=random, device=device).argsort()
    hidden_frames = order < int(config.hidden_frames * frames)
    ranks = torch.rand(frames, joints, generator=random, device=device).argsort(-1).argsort(-1)
    return hidden_frames, ranks < config.hidden_joints


def pretraining_loss(drawn: Tensor, keypoints: Tensor, hidden_frames: Tensor) -> Tensor:
    """Mean distance between drawn (visible first) and true 2D joints, over all frames.

    Args:
        drawn: (B, F, J, 2) answer of the network.
        keypoints: (B, F, J, 2) in order of time.
        hidden_frames: (F,) as given to the network.
    """
    target = keypoints[:, visible_first(hidden_frames)]
    distances: Tensor = torch.linalg.vector_norm(drawn - target, dim=-1)
    return distances.mean()


SHARED = ("joints", "input", "frames", "width", "hidden", "heads", "depth", "pose_width", "pose_depth")
"""Fields that both stages must agree in. Not the spacing of frames, which the authors' files do not say, nor
dropout and what is about 3D."""


def start_from(model: PSTMO, pretrained: PSTMOPretraining) -> PSTMO:
    """Give a network the pose encoder and the temporal blocks of its pre-training; returns the network.

    Raises:
        InputError: the two have different sizes.
    """
    ours, theirs = (each.config.model_dump(include=set(SHARED)) for each in (model, pretrained))
    if different := [name for name in SHARED if ours[name] != theirs[name]]:
        raise InputError(
            "the pre-trained network does not fit; different: "
            + ", ".join(f"{name} {theirs[name]} in place of {ours[name]}" for name in different)
        )
    model.pose_encoder.load_state_dict(pretrained.pose_encoder.state_dict())
    model.temporal.load_state_dict(pretrained.temporal.state_dict())
    return model
