"""What every data set comes down to, so that training and evaluation can take any of them.

Axes: T frames, J = 17 joints in the order of the joint set "h36m17".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from uplift3d.arrays import AnyArray, BoolArray, FloatArray
from uplift3d.camera import Camera, normalise_intrinsics
from uplift3d.errors import InputError

__all__ = [
    "LabelledVideo",
    "Motion",
    "StoredVideo",
    "at_rate",
    "camera_of",
    "intrinsics_of",
    "missing_files",
    "name_of",
]


class LabelledVideo(Protocol):
    """One person in one video with known 2D and 3D joints."""

    @property
    def subject(self) -> str:
        """Who moves, such as "S9" or "TS1"."""

    @property
    def take(self) -> str:
        """The recording, in the data set's own words."""

    @property
    def action(self) -> str:
        """What results are also averaged by: the action, or where there is none the recording."""

    @property
    def camera_id(self) -> str:
        """The data set's name of the camera."""

    @property
    def camera(self) -> Camera | None:
        """The calibrated camera; None where the files do not say."""

    @property
    def image_size(self) -> tuple[int, int]:
        """(width, height) in pixels."""

    @property
    def rate_hz(self) -> float:
        """Frames per second."""

    @property
    def ground_truth(self) -> str:
        """Which of the data set's 3D annotations this is."""

    @property
    def keypoints_px(self) -> FloatArray:
        """(T, 17, 2) pixels, measured or true."""

    @property
    def confidence(self) -> FloatArray | None:
        """(T, 17) of the 2D joints in [0, 1]; None where the files have none."""

    @property
    def positions_camera(self) -> FloatArray:
        """(T, 17, 3) metres in camera axes (x right, y down, z away)."""

    @property
    def valid(self) -> BoolArray:
        """(T,) frames that count in an evaluation."""

    def __len__(self) -> int:
        """Frames T."""


@dataclass(frozen=True, eq=False)
class Motion:
    """3D motion in the world without images."""

    dataset: str
    subject: str
    name: str
    rate_hz: float
    positions_world: FloatArray
    """(T, 17, 3) metres, z up."""
    licence: str

    def __len__(self) -> int:
        return len(self.positions_world)

    def __repr__(self) -> str:
        return f"Motion({self.dataset} {self.subject} {self.name}: {len(self)} frames at {self.rate_hz:g} Hz)"


@dataclass(frozen=True, eq=False)
class StoredVideo:
    """A `LabelledVideo` that holds everything as arrays; attributes as described there."""

    subject: str
    take: str
    action: str
    camera_id: str
    camera: Camera | None
    image_size: tuple[int, int]
    rate_hz: float
    ground_truth: str
    keypoints_px: FloatArray
    confidence: FloatArray | None
    positions_camera: FloatArray
    valid: BoolArray

    def __len__(self) -> int:
        return len(self.valid)


def at_rate(video: LabelledVideo, rate_hz: float) -> LabelledVideo:
    """The video with frames put between its own, up to a rate that is a whole multiple of its own.

    What is between two frames is interpolated and not `valid`: it gives every frame a place on the time axis
    of a network, and is neither measured nor scored.

    Raises:
        InputError: the rate is no whole multiple of the video's.
    """
    factor = rate_hz / video.rate_hz
    if factor == 1:
        return video
    if not (factor >= 1 and float(factor).is_integer()):
        raise InputError(
            f"{name_of(video)} has {video.rate_hz:g} Hz: {rate_hz:g} Hz is needed, or a rate that divides it"
        )
    step = int(factor)
    frames = (len(video) - 1) * step + 1
    valid = np.zeros(frames, dtype=bool)
    valid[::step] = video.valid
    return StoredVideo(
        video.subject,
        video.take,
        video.action,
        video.camera_id,
        video.camera,
        video.image_size,
        rate_hz,
        video.ground_truth,
        keypoints_px=_between(video.keypoints_px, step),
        confidence=None if video.confidence is None else _between(video.confidence, step),
        positions_camera=_between(video.positions_camera, step),
        valid=valid,
    )


def name_of(video: LabelledVideo) -> str:
    """The video in messages."""
    return f"{video.subject} {video.take} camera {video.camera_id}"


def camera_of(video: LabelledVideo, need: str) -> Camera:
    """The camera of a video that must have one.

    Args:
        video: any.
        need: who needs it and what for, such as "this model needs one to answer in metres".

    Raises:
        InputError: a video without camera.
    """
    if video.camera is None:
        raise InputError(
            f"{name_of(video)} has no camera, but {need}; the data set's original files have one"
        )
    return video.camera


def intrinsics_of(video: LabelledVideo) -> FloatArray:
    """Focal lengths and principal point (fx, fy, cx, cy) of a video's camera, (4,) in half image widths.

    Raises:
        InputError: a video without camera.
    """
    camera = camera_of(video, "refinement needs its focal length and principal point")
    return normalise_intrinsics(camera, video.image_size).astype(np.float32)


def _between(values: AnyArray, step: int) -> FloatArray:
    """(T, …) → ((T − 1) · step + 1, …) by straight lines; the given frames stay bit for bit."""
    out = np.empty(((len(values) - 1) * step + 1, *values.shape[1:]), dtype=np.float32)
    out[::step] = values
    for part in range(1, step):
        out[part::step] = values[:-1] + (values[1:] - values[:-1]) * (part / step)
    return out


def missing_files(folder: Path, wanted: tuple[str, ...], present: str) -> InputError:
    """The error for a folder that is not the data set's: what was looked for, and what is there.

    Args:
        folder: where the files should be.
        wanted: names that are not there.
        present: pattern of the names that are worth listing.
    """
    if not folder.is_dir():
        were = "was" if len(wanted) == 1 else "were"
        return InputError(f"{folder}: no such folder; {' and '.join(wanted)} {were} looked for in it")
    found = ", ".join(sorted(str(path.relative_to(folder)) for path in folder.glob(present)))
    return InputError(f"{folder} lacks {' and '.join(wanted)}; it holds {found or 'no such file'}")
