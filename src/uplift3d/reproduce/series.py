"""Poses of a network over time, their errors and velocities: what the figures are drawn from.

Axes: T frames of a video, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray, BoolArray, DoubleArray, IntArray
from uplift3d.data.videos import LabelledVideo
from uplift3d.evaluate.metrics import joint_errors
from uplift3d.evaluate.protocols import interpolate_keyframes
from uplift3d.evaluate.published import predict_with
from uplift3d.evaluate.video_lifter import VideoLifter
from uplift3d.skeletons import joint_set


@dataclass(frozen=True, eq=False)
class Series:
    """One video as a network sees it at one stride."""

    times: DoubleArray
    """(T,) seconds."""
    poses: AnyArray
    """(T, J, 3) metres from the pelvis, camera axes, interpolated between the network's answers."""
    truth: AnyArray
    """(T, J, 3)."""
    key: BoolArray
    """(T,) a 2D pose was measured."""
    joints: str

    @property
    def errors_mm(self) -> DoubleArray:
        """(T,) mean joint error."""
        root = joint_set(self.joints).index("pelvis")
        return np.asarray(joint_errors(self.poses, self.truth, "root", root=root).mean(axis=-1))


def series(lifter: VideoLifter[Any], video: LabelledVideo, s_in: int) -> Series:
    """Lift one video and fill in every frame."""
    found = predict_with(lifter, [video], s_in)
    grid = lifter.grid(s_in) * found.factor
    return Series(
        times=found.times,
        poses=interpolate_keyframes(found.poses, found.frame_index, grid),
        truth=found.truth,
        key=found.frame_index % (s_in * found.factor) == 0,
        joints=lifter.joints,
    )


def velocities(poses: AnyArray, times: DoubleArray) -> DoubleArray:
    """(T,) mean over the joints of how fast they move relative to the pelvis, m/s; the first is the second's.

    Args:
        poses: (T, J, 3) metres from the pelvis.
        times: (T,) seconds.
    """
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=-1).mean(axis=-1) / np.diff(times)
    return np.concatenate([steps[:1], steps])


def switched(fast: BoolArray, calm_frames: int) -> BoolArray:
    """(T,) True from a fast frame on until so many frames have been calm."""
    out = np.zeros_like(fast)
    calm = calm_frames
    for frame, moving in enumerate(fast.tolist()):
        calm = 0 if moving else calm + 1
        out[frame] = calm < calm_frames
    return out


def by_velocity(
    errors_mm: DoubleArray, speed: DoubleArray, edges: DoubleArray
) -> tuple[DoubleArray, IntArray]:
    """Mean error (bins,) of the frames within velocity bins, NaN for empty ones, and how many there are."""
    place = np.digitize(speed, edges) - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    count = np.bincount(place[inside], minlength=len(edges) - 1)
    total = np.bincount(place[inside], weights=errors_mm[inside], minlength=len(edges) - 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), count
