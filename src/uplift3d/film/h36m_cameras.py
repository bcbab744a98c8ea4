"""Human3.6M's calibrated cameras: the published pre-training sees AMASS through them.

Published (the authors' training code): every window that is drawn, which they call a sequence, gets one of
the calibrated cameras at random, with its place, rotation, lens and distortion. Motion stays where it was
recorded (world axes, z up, metres), as if it had been performed in Human3.6M's room. A point more than 45°
off the optical axis is put to 45°; a pose beyond the image's border is used all the same (2 % of the training
windows, 5 % of the validation windows, as the authors count).

Assumed here: where that is no projection any more (somebody is more than 45° off the axis, or not in front of
the camera), the window is moved so that its mean pelvis stands over the origin of Human3.6M's world, within
about half a metre of where its cameras look; heights stay. What is behind the camera even then, in a run of
many metres, is not seen.

Axes: B windows, N tokens, J joints, C cameras. Image coordinates are in half image widths from the middle of
the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from torch import Generator, Tensor

from uplift3d.camera import Camera, normalise_screen
from uplift3d.data.h36m import cameras
from uplift3d.film.cameras import NEAREST_M, Axes, CameraConfig, View, view_of

WIDEST = 1.0
"""|X / Z| and |Y / Z| beyond which the published projection is cut off; images end at about 0.47."""

Subject = Literal["S1", "S5", "S6", "S7", "S8", "S9", "S11"]


class H36MCameras(BaseModel):
    """Which of Human3.6M's calibrated cameras film the windows; one is drawn for each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cameras: Literal["h36m"]
    """Says that it is these that are meant; without the field, cameras are drawn from ranges."""
    subjects: tuple[Subject, ...] = Field(default=("S1", "S5", "S6", "S7", "S8"), min_length=1)
    """Whose recordings: the four cameras were calibrated anew for every subject. Default: the training
    subjects; the published run takes all seven, the test subjects S9 and S11 among them."""


def _either(given: Any) -> Any:
    """A table that says `cameras` is about calibrated ones; two sets of fields never mix."""
    if isinstance(given, (CameraConfig, H36MCameras)):
        return given
    calibrated_ones = isinstance(given, Mapping) and "cameras" in given
    return (H36MCameras if calibrated_ones else CameraConfig).model_validate(given)


Cameras = Annotated[CameraConfig | H36MCameras, BeforeValidator(_either)]
"""What `views.camera` of a training configuration may hold."""


@dataclass(frozen=True)
class Lenses:
    """Calibrated cameras as tensors, one per entry of the first axis (C, or B after `of`)."""

    rotation: Tensor
    """(C, 3, 3) world axes → camera axes."""
    translation: Tensor
    """(C, 3) metres: the world's origin in camera axes."""
    focal: Tensor
    """(C, 2) half image widths."""
    centre: Tensor
    """(C, 2) where the optical axis meets the image, half image widths from its middle."""
    radial: Tensor
    """(C, 3) k₁, k₂, k₃."""
    tangential: Tensor
    """(C, 2) p in the order of x and y."""
    aspect: Tensor
    """(C,) image height over width."""

    def __len__(self) -> int:
        return len(self.aspect)

    def of(self, index: Tensor) -> Lenses:
        """The cameras with these numbers (B,)."""
        return Lenses(*(getattr(self, field.name)[index] for field in fields(self)))

    def to_camera(self, positions: Tensor) -> Tensor:
        """World points (B, N, J, 3) in metres → the axes of their window's camera."""
        turned = torch.einsum("bij,bnkj->bnki", self.rotation, positions)
        return turned + self.translation[:, None, None]

    def project(self, points: Tensor) -> Tensor:
        """Points in camera axes (B, N, J, 3) in metres → image coordinates (B, N, J, 2).

        The torch twin of `camera.Camera.project`, but for points nearer than `NEAREST_M` or beyond `WIDEST`,
        which are put to these limits.
        """
        plane = (points[..., :2] / points[..., 2:].clamp(min=NEAREST_M)).clamp(-WIDEST, WIDEST)
        bent = distort(plane, self.radial, self.tangential)
        return bent * self.focal[:, None, None] + self.centre[:, None, None]


def distort(plane: Tensor, radial: Tensor, tangential: Tensor) -> Tensor:
    """Lens distortion on the plane Z = 1; the torch twin of `camera.Distortion.apply`.

    Args:
        plane: (B, N, J, 2).
        radial: (B, 3) k₁, k₂, k₃.
        tangential: (B, 2).
    """
    r2 = (plane**2).sum(-1, keepdim=True)  # (B, N, J, 1)
    k1, k2, k3 = (radial[:, i, None, None, None] for i in range(3))
    p = tangential[:, None, None]
    gain = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)) + (plane * p).sum(-1, keepdim=True)
    return plane * gain + p * r2


def look_h36m(positions: Tensor, config: H36MCameras, random: Generator, axes: Axes = "viewing_ray") -> View:
    """Give every window a calibrated camera and project it.

    Args:
        positions: (B, N, J, 3) metres in the world, z up, joint 0 the pelvis.
        config: cameras to draw from.
        random: generator on the device of `positions`.
        axes: axes of the targets, as for `cameras.look`.
    """
    all_of_them = calibrated(config.subjects, positions.device, positions.dtype)
    number = torch.randint(len(all_of_them), (len(positions),), generator=random, device=positions.device)
    lenses = all_of_them.of(number)
    camera = lenses.to_camera(_into_the_room(positions, lenses))  # (B, N, J, 3)
    intrinsics = torch.cat([lenses.focal, lenses.centre], dim=-1)
    return view_of(camera, lenses.project(camera), intrinsics, lenses.aspect, axes)


@cache
def calibrated(subjects: tuple[str, ...], device: torch.device, dtype: torch.dtype) -> Lenses:
    """The cameras of some subjects, four each."""
    parts = [_parts(camera) for subject in subjects for camera in cameras(subject)]
    columns = (np.stack(column) for column in zip(*parts, strict=True))
    return Lenses(*(torch.as_tensor(column, device=device, dtype=dtype) for column in columns))


def _parts(camera: Camera) -> tuple[np.ndarray[Any, Any], ...]:
    """Fields of `Lenses` of one camera."""
    assert camera.image_size is not None
    assert camera.distortion is not None
    width, height = camera.image_size
    return (
        camera.R_camera_world,
        camera.t_camera_world,
        np.asarray(camera.focal_px) * 2 / width,
        normalise_screen(camera.principal_point_px, camera.image_size),
        np.asarray(camera.distortion.radial),
        np.asarray(camera.distortion.tangential),
        np.asarray(height / width),
    )


def _into_the_room(positions: Tensor, lenses: Lenses) -> Tensor:
    """World positions (B, N, J, 3); a window that its camera cannot project comes over the world's origin."""
    camera = lenses.to_camera(positions)
    off_axis = camera[..., :2].abs().amax(-1) > WIDEST * camera[..., 2]  # (B, N, J)
    lost = (off_axis | (camera[..., 2] < NEAREST_M)).flatten(1).any(1)  # (B,)
    place = positions[:, :, 0].mean(1) * positions.new_tensor([1.0, 1.0, 0.0])  # (B, 3) on the floor
    return positions - torch.where(lost[:, None], place, 0)[:, None, None]
