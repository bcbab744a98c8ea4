"""One training batch from motion to network input and target, all on the training device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor

from uplift3d.film.bodies import BodyConfig, vary_body
from uplift3d.film.cameras import CameraConfig, look
from uplift3d.film.h36m_cameras import Cameras, H36MCameras, look_h36m
from uplift3d.film.hints import HintConfig, guess
from uplift3d.film.noise import NoiseConfig, detect
from uplift3d.film.poses import PoseConfig, vary_poses
from uplift3d.film.windows import Film, FilmedWindows
from uplift3d.model.network import LiftingConfig
from uplift3d.skeletons import joint_set
from uplift3d.train.inputs import mirror, normalise_person, normalise_screen, straight_lines, usable_poses
from uplift3d.train.networks import motion_joints
from uplift3d.train.sampler import MotionWindows, SamplerConfig, draw_masks

REACH_S = 0.5
"""Inference leaves a gap of more than a second empty, so nothing farther from a pose is trained or scored."""


class ViewConfig(BaseModel):
    """Everything that happens between a motion and the network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sampler: SamplerConfig = SamplerConfig()
    """Which motion, how fast."""
    poses: PoseConfig = PoseConfig()
    """Poses that nobody recorded, made from those that somebody did."""
    body: BodyConfig = BodyConfig()
    """Proportions of the person."""
    camera: Cameras = CameraConfig()
    """Where it is seen from: ranges of cameras of our own, or `{cameras: h36m}`."""
    noise: NoiseConfig | None = NoiseConfig()
    """What a detector makes of it; null: every joint where it is projected."""
    hint: HintConfig = HintConfig()
    """What it says about depth, for networks that take such hints."""
    mirror: Literal["within_batch", "random", "none"] = "within_batch"
    """'within_batch': every example together with its mirror image (the batch size counts both)."""
    switch_rate: float = Field(default=0.15, ge=0, le=1)
    """Share of windows whose key-frame interval changes within the window."""


@dataclass(frozen=True)
class Batch:
    """Network input (B, N, J, channels), mask (B, N), target (B, N, J, 3) metres.

    `known` (B, N, J): the motion has this joint; elsewhere the target is 0 and must not count. `counted`
    (B, N): inside the clip and near enough to a pose token for an answer to be asked for. `camera`
    (B, 4) and `root_depth_m` (B, N) as in `Film`, None for filmed windows loaded without.
    """

    keypoints: Tensor
    mask: Tensor
    target: Tensor
    known: Tensor
    counted: Tensor
    camera: Tensor | None
    root_depth_m: Tensor | None

    def combined(self, other: Batch, how: Callable[[Tensor, Tensor], Tensor]) -> Batch:
        """The batch that `how` makes of this one and another, field by field."""
        fields: dict[str, Any] = {
            name: None if value is None else how(value, getattr(other, name))
            for name, value in vars(self).items()
        }
        return Batch(**fields)


@torch.no_grad()
def draw_batch(
    windows: MotionWindows | FilmedWindows,
    model: LiftingConfig,
    config: ViewConfig,
    batch: int,
    random: Generator,
    strides_in: tuple[int, ...] | None = None,
) -> Batch:
    """Draw one batch, in float32 whatever precision the network computes in.

    Args:
        windows: what to draw from, h36m17 joints; filmed windows get neither variation nor noise.
        model: says joints, token layout, strides and what stands for input, output and clip ends.
        config: how the motion is varied, filmed and given noise.
        batch: B, mirror images included.
        random: generator on the device of `windows`.
        strides_in: frames between key-frames to draw from; default: those of the model. A network that does
            not fill in gets 2D poses interpolated between them.
    """
    drawn = -(-batch // 2) if config.mirror == "within_batch" else batch
    strides = [stride // model.s_out for stride in strides_in or model.strides_in]
    with torch.autocast(windows.device.type, enabled=False):
        film = _observe(windows, model, config, drawn, random)
        mask = draw_masks(drawn, model.tokens, strides, config.switch_rate, windows.device, random)
        mask = mask & film.inside
        if model.fills_in:
            keypoints, mask = _network_input(film, mask, model)
            measured = mask
        else:  # no token is left to the network
            measured = mask & film.seen.any(-1)
            keypoints, seen = straight_lines(film.keypoints, film.seen & mask[..., None])
            mask = torch.ones_like(mask)
            keypoints, _ = _network_input(replace(film, keypoints=keypoints, seen=seen), mask, model)
    counted = film.inside & within_reach(measured, round(REACH_S / model.token_seconds))
    order = _order(windows.joints, model.joints)
    target = film.targets[:, :, order]
    known = target.isfinite().all(-1)
    whole = Batch(
        keypoints=keypoints[:, :, order],
        mask=mask,
        target=target.nan_to_num(),
        known=known,
        counted=counted,
        camera=film.camera,
        root_depth_m=film.root_depth_m,
    )
    return _mirrored(whole, model.joints, config.mirror, batch, random)


def _order(there: str, here: str) -> list[int]:
    """Where the joints of a network stand in the joint set of a motion that has them all."""
    return [joint_set(there).index(name) for name in joint_set(here).joints]


def _observe(
    windows: MotionWindows | FilmedWindows,
    model: LiftingConfig,
    config: ViewConfig,
    batch: int,
    random: Generator,
) -> Film:
    """What a detector sees at every token, with what the network takes for those beyond the clip."""
    if isinstance(windows, FilmedWindows):
        return _with_edges(windows.draw(batch, model.tokens, model.token_seconds, random), model)
    joints = joint_set(windows.joints)
    positions, inside = windows.draw(batch, model.tokens, model.token_seconds, config.sampler.speed, random)
    positions = vary_poses(positions, joints, config.poses, model.token_seconds, random)
    positions = vary_body(positions, joints, config.body, random)
    if isinstance(config.camera, H36MCameras):
        view = look_h36m(positions, config.camera, random, model.axes)
    else:
        view = look(positions, config.camera, random, model.axes)
    reported = detect(view, joints, config.noise, model.token_seconds, random)
    film = Film(
        reported.keypoints,
        reported.seen,
        view.targets,
        inside,
        view.intrinsics,
        view.root_depth_m,
        confidence=reported.confidence,
    )
    if model.takes_hints:
        hint = guess(view.targets, reported, joints, config.hint, model.token_seconds, random)
        film = replace(film, hint=torch.cat([hint[0], hint[1][..., None].to(hint[0])], dim=-1))
    return _with_edges(film, model)


def _with_edges(film: Film, model: LiftingConfig) -> Film:
    if model.edges == "masked":
        return film
    inside = film.inside
    return replace(
        film,
        keypoints=hold_ends(film.keypoints, inside),
        seen=hold_ends(film.seen, inside),
        targets=hold_ends(film.targets, inside),
        inside=torch.ones_like(inside),
        root_depth_m=None if film.root_depth_m is None else hold_ends(film.root_depth_m, inside),
    )


def _network_input(film: Film, mask: Tensor, model: LiftingConfig) -> tuple[Tensor, Tensor]:
    """Normalised poses (B, N, J, channels), and the mask (B, N) without the poses that cannot be used."""
    keypoints, seen, joints = film.keypoints, film.seen, motion_joints(model)
    if model.input == "screen":
        mask = mask & seen.any(-1)
        return normalise_screen(keypoints, seen, mask), mask
    mask = mask & usable_poses(seen, joints)
    poses = normalise_person(keypoints, seen, mask, joints, model.token_seconds)
    used = (seen & mask[..., None])[..., None].to(poses)
    channels = [poses]
    if model.takes_confidence:
        channels.append(used if film.confidence is None else film.confidence[..., None] * used)
    if model.takes_hints:
        channels.append(poses.new_zeros((*seen.shape, 4)) if film.hint is None else film.hint * used)
    return torch.cat(channels, dim=-1), mask


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


def _mirrored(whole: Batch, joints: str, how: str, batch: int, random: Generator) -> Batch:
    if how == "none":
        return whole
    image = mirror_image(whole, joints)
    if how == "within_batch":
        return whole.combined(image, lambda plain, mirrored: torch.cat([plain, mirrored])[:batch])
    flip = torch.rand(batch, generator=random, device=whole.mask.device) < 0.5
    return whole.combined(
        image, lambda plain, mirrored: torch.where(flip.view(-1, *[1] * (plain.ndim - 1)), mirrored, plain)
    )


def mirror_image(batch: Batch, joints: str) -> Batch:
    """The batch as a camera would have seen it in a mirror: its principal point changes sides too."""
    camera = batch.camera
    return replace(
        batch,
        keypoints=mirror(batch.keypoints, joints),
        target=mirror(batch.target, joints),
        known=batch.known[..., list(joint_set(joints).mirror)],
        camera=None if camera is None else camera * camera.new_tensor([1, 1, -1, 1]),
    )
