"""Virtual cameras: look at a moving person from a random place and project the joints.

World: metres, z up. Camera: x right, y down, z away. Axes: B windows, N tokens, J joints. Image coordinates
are in half image widths from the principal point, so the resolution never enters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator
from torch import Generator, Tensor

from uplift3d.film.draws import LogRange, Range, gaussian, log_uniform, uniform

Axes = Literal["viewing_ray", "camera"]
NEAREST_M = 0.3
"""Nothing nearer than this to the camera's plane is projected."""
FARTHEST_BENT = 1.4
"""Half image widths from the centre up to which a lens bends more and more; images end before."""
STRONGEST_BARREL = -0.15


class CameraConfig(BaseModel):
    """How the virtual cameras are drawn, one per window."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    elevation_deg: Range = (-10.0, 45.0)
    """Angle above the horizon from which the person is seen, uniform."""
    roll_deg: float = Field(default=5.0, ge=0)
    """Standard deviation of the camera's roll."""
    field_of_view_deg: Range = (30.0, 80.0)
    """Horizontal field of view, uniform."""
    aspect: LogRange = (0.55, 1.8)
    """Image height over width, log-uniform (landscape to portrait)."""
    person_height: LogRange = (0.2, 1.1)
    """Height of a 1.7 m person over the image height, log-uniform; it sets the distance."""
    off_centre: float = Field(default=0.7, ge=0, le=1)
    """How far from the image centre the person's mean place may lie, in half images, uniform."""
    nearest_m: float = Field(default=1.2, gt=0)
    """Least distance of the camera from the person's mean place, in metres."""
    lens_bend: Range = (0.0, 0.0)
    """Radial distortion, uniform: by which share of its distance from the centre a point at the left or right
    edge of the image moves; negative for barrels, as wide lenses have them. Not below −0.15, where points
    farther out would change places."""

    @field_validator("field_of_view_deg")
    @classmethod
    def _check_view(cls, view: Range) -> Range:
        if not 0 < min(view) <= max(view) < 180:
            raise ValueError(f"from {view[0]:g} to {view[1]:g} given, accepted are degrees between 0 and 180")
        return view

    @field_validator("lens_bend")
    @classmethod
    def _check_lens(cls, bend: Range) -> Range:
        if min(bend) < STRONGEST_BARREL:
            raise ValueError(
                f"from {bend[0]:g} to {bend[1]:g} given, nothing below {STRONGEST_BARREL:g} is modelled"
            )
        return bend


@dataclass(frozen=True)
class View:
    """Windows seen by their cameras.

    `keypoints` (B, N, J, 2) in half image widths; `targets` (B, N, J, 3) metres from the pelvis in the
    axes asked for; `visible` (B, N, J) inside the image; `in_front` (B, N) no joint behind the camera's
    plane; `pixels_per_metre` (B, N) image units one metre at the pelvis covers; `intrinsics` (B, 4) focal
    lengths and principal point (fx, fy, cx, cy) in half image widths; `aspect` (B,) image height over width;
    `root_depth_m` (B, N) metres from the camera's plane to the pelvis.
    """

    keypoints: Tensor
    targets: Tensor
    visible: Tensor
    in_front: Tensor
    pixels_per_metre: Tensor
    intrinsics: Tensor
    aspect: Tensor
    root_depth_m: Tensor


def rotation_looking_at(direction: Tensor) -> Tensor:
    """Rotations (..., 3, 3) from viewing-ray axes to camera axes, for rays (..., 3) in camera axes.

    z lies along the ray, x in the image plane's horizontal; the torch twin of `camera.rotation_looking_at`.
    """
    z = torch.nn.functional.normalize(direction, dim=-1)
    zero = torch.zeros_like(z[..., 0])
    x = torch.nn.functional.normalize(torch.stack([z[..., 2], zero, -z[..., 0]], dim=-1), dim=-1)
    y = torch.linalg.cross(z, x, dim=-1)
    return torch.stack([x, y, z], dim=-1)


def look(
    positions: Tensor,
    config: CameraConfig,
    random: Generator,
    axes: Axes = "viewing_ray",
) -> View:
    """Give every window its own random camera and project it.

    Args:
        positions: (B, N, J, 3) metres in the world, joint 0 the pelvis.
        config: ranges to draw from.
        random: generator on the device of `positions`.
        axes: axes of the targets: the camera's own, or of a camera turned to look straight at the pelvis.
    """
    batch = positions.shape[0]
    focal = 1 / torch.tan(torch.deg2rad(uniform((batch,), *config.field_of_view_deg, positions, random)) / 2)
    aspect = log_uniform((batch,), *config.aspect, positions, random)
    camera = _extrinsics(positions, focal, aspect, config, random)  # (B, N, J, 3)
    keypoints = camera[..., :2] / camera[..., 2:].clamp(min=NEAREST_M) * focal[:, None, None, None]
    if config.lens_bend != (0.0, 0.0):
        bend = uniform((batch,), *config.lens_bend, positions, random)
        keypoints = bend_radially(keypoints, bend)
    centre = torch.zeros_like(focal)
    return view_of(camera, keypoints, torch.stack([focal, focal, centre, centre], dim=-1), aspect, axes)


def bend_radially(keypoints: Tensor, bend: Tensor) -> Tensor:
    """Move points by a lens with one radial coefficient (Brown 1971, k1 only).

    Args:
        keypoints: (B, N, J, 2) half image widths from the centre.
        bend: (B,) share by which a point one half width from the centre moves outwards.

    Returns:
        (B, N, J, 2); beyond `FARTHEST_BENT` the share no longer grows, so no point comes back to the centre.
    """
    square = (keypoints**2).sum(-1, keepdim=True).clamp(max=FARTHEST_BENT**2)
    return keypoints * (1 + bend[:, None, None, None] * square)


def view_of(camera: Tensor, keypoints: Tensor, intrinsics: Tensor, aspect: Tensor, axes: Axes) -> View:
    """What follows from positions in camera axes (B, N, J, 3) and their projections; rest: see `View`."""
    in_front = camera[..., 2] >= NEAREST_M
    inside = (keypoints[..., 0].abs() <= 1) & (keypoints[..., 1].abs() <= aspect[:, None, None])
    root_depth_m = camera[:, :, 0, 2].clamp(min=NEAREST_M)
    return View(
        keypoints=keypoints,
        targets=root_relative(camera, axes),
        visible=inside & in_front,
        in_front=(in_front | camera[..., 2].isnan()).all(-1),
        pixels_per_metre=intrinsics[:, :2].mean(-1, keepdim=True) / root_depth_m,
        intrinsics=intrinsics,
        aspect=aspect,
        root_depth_m=root_depth_m,
    )


def root_relative(camera: Tensor, axes: Axes) -> Tensor:
    """Positions in camera axes (B, N, J, 3) → from the pelvis, in the axes asked for."""
    pelvis = camera[:, :, :1]
    targets = camera - pelvis
    if axes == "camera":
        return targets
    to_ray = rotation_looking_at(pelvis[:, :, 0]).transpose(-1, -2)  # (B, N, 3, 3)
    return torch.einsum("bnij,bnkj->bnki", to_ray, targets)


def _extrinsics(
    positions: Tensor, focal: Tensor, aspect: Tensor, config: CameraConfig, random: Generator
) -> Tensor:
    """World positions (B, N, J, 3) in the axes of randomly placed cameras."""
    batch = positions.shape[0]
    target = positions[:, :, 0].mean(1)  # (B, 3)
    azimuth = uniform((batch,), 0, 2 * math.pi, positions, random)
    elevation = torch.deg2rad(uniform((batch,), *config.elevation_deg, positions, random))
    height = log_uniform((batch,), *config.person_height, positions, random)
    distance = (1.7 * focal / (2 * aspect * height)).clamp(min=config.nearest_m)
    away = -torch.stack(
        [elevation.cos() * azimuth.cos(), elevation.cos() * azimuth.sin(), elevation.sin()], dim=-1
    )  # (B, 3) from the camera to the person
    right = torch.stack([-azimuth.sin(), azimuth.cos(), torch.zeros_like(azimuth)], dim=-1)  # away × up
    world_to_camera = torch.stack([right, torch.linalg.cross(away, right, dim=-1), away], dim=-2)
    turn = _roll(batch, config.roll_deg, positions, random)
    place = _place_in_image(batch, focal, aspect, config.off_centre, positions, random)
    rotation = place @ turn @ world_to_camera  # (B, 3, 3)
    centred = positions - target[:, None, None]
    seen = torch.einsum("bij,bnkj->bnki", rotation, centred)
    return seen + (place[..., 2] * distance[:, None])[:, None, None]


def _roll(batch: int, deviation_deg: float, like: Tensor, random: Generator) -> Tensor:
    angle = torch.deg2rad(gaussian((batch,), like, random) * deviation_deg)
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    rows = [angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero, zero, zero, one]
    return torch.stack(rows, dim=-1).reshape(batch, 3, 3)


def _place_in_image(
    batch: int, focal: Tensor, aspect: Tensor, off_centre: float, like: Tensor, random: Generator
) -> Tensor:
    """Rotations (B, 3, 3) that bring the optical axis to a random place in the image."""
    place = uniform((batch, 2), -off_centre, off_centre, like, random)
    u, v = place[:, 0], place[:, 1] * aspect
    return rotation_looking_at(torch.stack([u / focal, v / focal, torch.ones_like(u)], dim=-1))
