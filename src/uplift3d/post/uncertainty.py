"""How sure every joint is at every moment.

The error of a joint grows with how far its 2D is from where its 3D would be seen, with the same for the whole
body, with speed, with the time to the nearest key-frame that shows it, and with the interval of key-frames;
it is smaller with the picture's own depth. How much was fitted to logarithms of errors on one half of the
held-out mocap films (`benchmarks/uncertainty.py`); the other half gave the coverage in docs/quality.md.
Axes: T times, K key-frames, J joints.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray, RealArray, TimeArray
from uplift3d.camera import Camera
from uplift3d.post.resample import blocks, interpolate, stretches
from uplift3d.post.root import seen_joints
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D, Motion3D

UNSEEN_M = 0.1
"""What stands for the distance between 2D and 3D of a joint that no key-frame shows."""
LEAST_M = 0.01
LEAST_M_PER_S = 0.1
LONGEST_S = 1.0
"""Times to a key-frame and intervals count up to this."""
MARGIN_S = 10.0
"""What is farther away in time does not count for how sure a joint is."""
BASE_M = {
    "hip": 0.069,
    "torso": 0.106,
    "neck": 0.177,
    "shoulder": 0.199,
    "knee": 0.211,
    "head": 0.223,
    "elbow": 0.223,
    "top": 0.265,
    "ankle": 0.315,
    "wrist": 0.305,
    "heel": 0.328,
    "toe": 0.347,
}
"""Of joints by how their names end."""
OTHER_M = 0.34
"""Of a joint that was not on the films."""


class Weights(NamedTuple):
    """Weights of a regression for the logarithm of a joint's error."""

    off: float = 0.071
    whole: float = 0.294
    speed: float = 0.056
    since: float = 0.428
    interval: float = 0.306
    hinted: float = -0.173


WEIGHTS = Weights()


def with_uncertainty(motion: Motion3D, keypoints: Keypoints2D, camera: Camera) -> Motion3D:
    """The motion with `sigma_m`: 68 % of joints are within so much of where they are against the pelvis.

    Args:
        motion: with `root`, in the axes of `camera`; a person without one has NaN.
        keypoints: the same people at key-frames.
        camera: intrinsics.
    """
    if motion.root is None:
        return motion
    bases = np.log([_base_m(name) for name in joint_set(motion.joints).joints])
    sigma = np.full(motion.positions.shape[:3], np.nan, dtype=np.float32)
    for person in range(len(motion.people)):
        rows = motion.present[person] & np.isfinite(motion.root[person]).all(axis=-1)
        for part in stretches(rows):
            for own in blocks(part):
                near = _with_margin(motion.times, own, part)
                told = evidence(motion, keypoints, camera, person, near)
                if told is not None:
                    whole = np.exp(bases + told @ np.array(WEIGHTS))
                    sigma[person, own] = whole[own.start - near.start :][: own.stop - own.start]
    root = joint_set(motion.joints).root
    if root is not None:
        sigma[..., root] *= 0  # the pelvis is where everything is measured from
    return replace(motion, sigma_m=sigma)


def _with_margin(times: TimeArray, rows: slice, part: slice) -> slice:
    """The rows and those of `MARGIN_S` before and after them, inside of a stretch."""
    first, last = np.searchsorted(times, [times[rows.start] - MARGIN_S, times[rows.stop - 1] + MARGIN_S])
    return slice(max(int(first), part.start), min(int(last), part.stop))


def evidence(
    motion: Motion3D, keypoints: Keypoints2D, camera: Camera, person: int, part: slice
) -> DoubleArray | None:
    """(T, J, 6) what `Weights` weigh, of one stretch of a person with a root; None without a key-frame."""
    assert motion.root is not None
    times = motion.times[part]
    inside = (keypoints.times >= times[0] - LONGEST_S) & (keypoints.times <= times[-1] + LONGEST_S)
    moments = keypoints.times[inside]
    pixels, weights = seen_joints(keypoints[np.flatnonzero(inside)], person, motion.joints)
    seen = weights > 0
    if not seen.any():
        return None
    places = (motion.positions[person, part] + motion.root[person, part, None]).astype(np.float64)
    off = _off_m(np.asarray(interpolate(times, places, moments), dtype=np.float64), pixels, camera)
    off[~seen] = np.nan
    count = np.isfinite(off).sum(axis=-1)
    square = np.nansum(off**2, axis=-1)
    whole = np.interp(times, moments[count > 0], np.sqrt(square[count > 0] / count[count > 0]))
    speed = np.linalg.norm(_slope(motion.positions[person, part], times), axis=-1)
    shape = speed.shape
    interval_s = float(np.median(np.diff(keypoints.times))) if len(keypoints) > 1 else LONGEST_S
    hinted = keypoints.depth_hint is not None and bool(np.isfinite(keypoints.depth_hint[person]).any())
    columns = [
        np.log(_between(moments, off, times) + LEAST_M),
        np.broadcast_to(np.log(whole + LEAST_M)[:, None], shape),
        np.log(speed + LEAST_M_PER_S),
        _since_s(moments, seen, times),
        np.full(shape, min(interval_s, LONGEST_S)),
        np.full(shape, float(hinted)),
    ]
    told: DoubleArray = np.stack(columns, axis=-1)
    return told


def _base_m(joint: str) -> float:
    return next((size for ending, size in BASE_M.items() if joint.endswith(ending)), OTHER_M)


def _off_m(places: DoubleArray, pixels: RealArray, camera: Camera) -> DoubleArray:
    """(K, J) metres at the person between where joints are seen and where they should be; NaN if unseen."""
    apart = np.linalg.norm(camera.project(places) - pixels, axis=-1)
    return np.asarray(apart * places[..., 2] / np.mean(camera.focal_px))


def _between(moments: TimeArray, values: DoubleArray, times: TimeArray) -> DoubleArray:
    """(T, J) straight lines between what is known of (K, J); `UNSEEN_M` of joints without anything."""
    out = np.full((len(times), values.shape[1]), UNSEEN_M)
    for joint, column in enumerate(values.T):
        known = np.isfinite(column)
        if known.any():
            out[:, joint] = np.interp(times, moments[known], column[known])
    return out


def _since_s(moments: TimeArray, seen: BoolArray, times: TimeArray) -> DoubleArray:
    """(T, J) seconds to the nearest moment at which a joint was seen, `LONGEST_S` at most."""
    out = np.full((len(times), seen.shape[1]), LONGEST_S)
    for joint, column in enumerate(seen.T):
        if column.any():
            known = moments[column]
            after = np.clip(np.searchsorted(known, times), 0, len(known) - 1)
            gap = np.minimum(np.abs(known[after] - times), np.abs(known[np.maximum(after - 1, 0)] - times))
            out[:, joint] = np.minimum(gap, LONGEST_S)
    return out


def _slope(values: RealArray, times: TimeArray) -> DoubleArray:
    return np.gradient(values.astype(np.float64), times, axis=0) if len(times) > 1 else np.zeros(values.shape)
