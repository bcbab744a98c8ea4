"""One training batch from motion to network input and target, all on the training device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor

from uplift3d.data.store import JOINTS
from uplift3d.skeletons import joint_set, reorder
from uplift3d.train.augment import BodyConfig, mirror, vary_body
from uplift3d.train.cameras import CameraConfig, look
from uplift3d.train.filmed import FilmedWindows
from uplift3d.train.h36m_cameras import Cameras, H36MCameras, look_h36m
from uplift3d.train.inputs import normalise_person, normalise_screen, straight_lines, usable_poses
from uplift3d.train.networks import NetworkConfig, fills_in
from uplift3d.train.noise import NoiseConfig, detect
from uplift3d.train.sampler import MotionWindows, SamplerConfig, draw_masks

REACH_S = 0.5
"""Inference leaves a gap of more than a second empty, so nothing farther from a pose is trained or scored."""


class ViewConfig(BaseModel):
    """Everything that happens between a motion and the network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sampler: SamplerConfig = SamplerConfig()
    """Which motion, how fast."""
    body: BodyConfig = BodyConfig()
    """Proportions of the person."""
    camera: Cameras = CameraConfig()
    """Where it is seen from: ranges of cameras of our own, or `{cameras: h36m}`."""
    noise: NoiseConfig | None = NoiseConfig()
    """What a detector makes of it; null: every joint where it is projected."""
    mirror: Literal["within_batch", "random", "none"] = "within_batch"
    """'within_batch': every example together with its mirror image (the batch size counts both)."""
    switch_rate: float = Field(default=0.15, ge=0, le=1)
    """Share of windows whose key-frame interval changes within the window."""


@dataclass(frozen=True)
class Batch:
    """Network input (B, N, J, 2), mask (B, N), target (B, N, J, 3) metres.

    `counted` (B, N): inside the clip and near enough to a pose token for an answer to be asked for.
    """

    keypoints: Tensor
    mask: Tensor
    target: Tensor
    counted: Tensor


@torch.no_grad()
def draw_batch(
    windows: MotionWindows | FilmedWindows,
    model: NetworkConfig,
    config: ViewConfig,
    batch: int,
    random: Generator,
    strides_in: tuple[int, ...] | None = None,
) -> Batch:
    """Draw one batch, in float32 whatever precision the network computes in.

    Args:
        windows: what to draw from, h36m17 joints; filmed windows are neither varied nor spoilt.
        model: says joints, token layout, strides and what stands for input, output and clip ends.
        config: how the motion is varied, seen and spoilt.
        batch: B, mirror images included.
        random: generator on the device of `windows`.
        strides_in: frames between key-frames to draw from; default: those of the model. A network that does
            not fill in gets 2D poses interpolated between them.
    """
    drawn = -(-batch // 2) if config.mirror == "within_batch" else batch
    strides = [stride // model.s_out for stride in strides_in or model.strides_in]
    with torch.autocast(windows.device.type, enabled=False):
        keypoints, seen, target, inside = _observe(windows, model, config, drawn, random)
        mask = draw_masks(drawn, model.tokens, strides, config.switch_rate, target.device, random)
        mask = mask & inside
        if fills_in(model):
            keypoints, mask = _network_input(keypoints, seen, mask, model)
            measured = mask
        else:  # no token is left to the network
            measured = mask & seen.any(-1)
            keypoints, seen = straight_lines(keypoints, seen & mask[..., None])
            mask = torch.ones_like(mask)
            keypoints, _ = _network_input(keypoints, seen, mask, model)
    counted = inside & within_reach(measured, round(REACH_S / model.token_seconds))
    order = reorder(JOINTS, model.joints).tolist()
    whole = Batch(keypoints[:, :, order], mask, target[:, :, order], counted)
    return _mirrored(whole, model.joints, config.mirror, batch, random)


def _observe(
    windows: MotionWindows | FilmedWindows,
    model: NetworkConfig,
    config: ViewConfig,
    batch: int,
    random: Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a detector sees at every token: keypoints, seen joints, targets, and which tokens are real."""
    if isinstance(windows, FilmedWindows):
        keypoints, seen, targets, inside = windows.draw(batch, model.tokens, model.token_seconds, random)
        return _with_edges(keypoints, seen, targets, inside, model)
    joints = joint_set(JOINTS)
    positions, inside = windows.draw(batch, model.tokens, model.token_seconds, config.sampler.speed, random)
    positions = vary_body(positions, joints, config.body, random)
    if isinstance(config.camera, H36MCameras):
        view = look_h36m(positions, config.camera, random, model.axes)
    else:
        view = look(positions, config.camera, random, model.axes)
    keypoints, seen = detect(view, joints, config.noise, model.token_seconds, random)
    return _with_edges(keypoints, seen, view.targets, inside, model)


def _with_edges(
    keypoints: Tensor, seen: Tensor, targets: Tensor, inside: Tensor, model: NetworkConfig
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the network takes for the tokens beyond the clip."""
    if model.edges == "masked":
        return keypoints, seen, targets, inside
    keypoints, seen, targets = (hold_ends(part, inside) for part in (keypoints, seen, targets))
    return keypoints, seen, targets, torch.ones_like(inside)


def _network_input(
    keypoints: Tensor, seen: Tensor, mask: Tensor, model: NetworkConfig
) -> tuple[Tensor, Tensor]:
    """Normalised poses (B, N, J, 2), and the mask (B, N) without the poses that cannot be used."""
    if model.input == "screen":
        mask = mask & seen.any(-1)
        return normalise_screen(keypoints, seen, mask), mask
    mask = mask & usable_poses(seen, JOINTS)
    return normalise_person(keypoints, seen, mask, JOINTS, model.token_seconds), mask


def hold_ends(values: Tensor, inside: Tensor) -> Tensor:
    """Repeat the first and last token inside the clip beyond its ends: values (B, N, …), inside (B, N)."""
    place = torch.arange(inside.shape[1], device=inside.device)
    first = inside.int().argmax(1, keepdim=True)
    index = torch.minimum(torch.maximum(place, first), first + inside.sum(1, keepdim=True) - 1)  # (B, N)
    return values[torch.arange(len(values), device=values.device)[:, None], index]


def within_reach(mask: Tensor, reach: int) -> Tensor:
    """Tokens (B, N) at most `reach` tokens from a pose token."""
    near = torch.nn.functional.max_pool1d(mask[:, None].float(), 2 * reach + 1, stride=1, padding=reach)
    return near[:, 0] > 0


def _mirrored(whole: Batch, joints_name: str, how: str, batch: int, random: Generator) -> Batch:
    if how == "none":
        return whole
    joints = joint_set(joints_name)
    keypoints, target = mirror(whole.keypoints, joints), mirror(whole.target, joints)
    if how == "random":
        flip = torch.rand((batch, 1, 1, 1), generator=random, device=keypoints.device) < 0.5
        return Batch(
            torch.where(flip, keypoints, whole.keypoints),
            whole.mask,
            torch.where(flip, target, whole.target),
            whole.counted,
        )
    return Batch(
        torch.cat([whole.keypoints, keypoints])[:batch],
        whole.mask.repeat(2, 1)[:batch],
        torch.cat([whole.target, target])[:batch],
        whole.counted.repeat(2, 1)[:batch],
    )
