"""Which foot stands where: points of the feet that rest on the ground.

Axes: P people, T times, F points of the feet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import BoolArray, DoubleArray
from uplift3d.post.posture import posture_up
from uplift3d.post.resample import ROUNDING_S, at_even_times, interpolate, stretches
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

FEET = ("left_heel", "left_toe", "right_heel", "right_toe")
ANKLES = ("left_ankle", "right_ankle")
"""Points of a joint set without feet."""
SMOOTH_HZ = 3.0
"""Speeds are told without what is faster: lifted feet tremble by 0.1 m/s and more where they rest."""
GAUSSIAN_PERIODS = 0.1325
"""Standard deviation of a Gaussian in periods of the frequency that it halves the power of: √(ln 2) / 2π."""
SLOW_M_PER_S = 0.45
"""A resting point is slower. On mocap films 94 of 100 points called resting rest, and nearly three quarters
of the resting ones are found."""
ABOVE_OTHER_M = 0.12
"""A resting point is no higher above the lowest point of both feet: a foot held still in the air is none."""
LEAST_S = 0.1
"""Least duration of a contact, in seconds."""


class Contacts(NamedTuple):
    """When points of the feet rest."""

    joints: tuple[str, ...]
    """F names: `FEET`, or `ANKLES` of a joint set without feet; empty where there are no ankles either."""
    resting: BoolArray
    """(P, T, F)."""


def find_contacts(motion: Motion3D, up: npt.ArrayLike | None = None) -> Contacts:
    """Points of feet that are slow and low, for a camera that does not move.

    Args:
        motion: with `root`; without one nobody knows what rests, and nothing does.
        up: (3,) direction against gravity in the motion's axes; default: `posture_up`.
    """
    names = joint_set(motion.joints).joints
    joints = next((points for points in (FEET, ANKLES) if set(points) <= set(names)), ())
    resting = np.zeros((*motion.positions.shape[:2], len(joints)), dtype=bool)
    if motion.root is None or not joints:
        return Contacts(joints, resting)
    direction = np.asarray(posture_up(motion).direction if up is None else up, dtype=np.float64)
    places = feet_in_the_room(motion, joints)
    for person in range(len(places)):
        for stretch in stretches(np.isfinite(places[person]).all(axis=(-1, -2)), motion.times):
            times, points = motion.times[stretch], places[person, stretch]
            resting[person, stretch] = _resting(times, points, direction / np.linalg.norm(direction))
    return Contacts(joints, resting)


def feet_in_the_room(motion: Motion3D, joints: tuple[str, ...]) -> DoubleArray:
    """(P, T, F, 3) metres in camera axes."""
    assert motion.root is not None
    columns = [joint_set(motion.joints).index(name) for name in joints]
    return np.asarray(motion.positions[:, :, columns] + motion.root[:, :, None], dtype=np.float64)


def runs(flags: BoolArray) -> list[tuple[int, slice]]:
    """(column, rows) of every run of True in (T, F)."""
    return [(column, part) for column in range(flags.shape[1]) for part in stretches(flags[:, column])]


def _calm(times: npt.NDArray[np.float64], points: DoubleArray) -> DoubleArray:
    """Points (n, F, 3) without what is faster than `SMOOTH_HZ`, by a Gaussian over time."""
    from scipy.ndimage import gaussian_filter1d  # loads in a sixth of the time that scipy.signal takes

    grid, points = at_even_times(times, points)
    sigma = GAUSSIAN_PERIODS / SMOOTH_HZ / float(np.median(np.diff(grid)))
    sigma = min(sigma, 10.0 * len(points))  # more does not change a clip that is so much shorter
    line = np.linspace(points[0], points[-1], len(points))  # so that uniform motion passes as it is
    calm = np.asarray(line + gaussian_filter1d(points - line, sigma, axis=0, mode="nearest"))
    return calm if grid is times else np.asarray(interpolate(grid, calm, times))


def _resting(times: npt.NDArray[np.float64], points: DoubleArray, up: DoubleArray) -> BoolArray:
    """(n, F) for one stretch of points (n, F, 3)."""
    if len(times) < 3:
        return np.zeros(points.shape[:2], dtype=bool)
    calm = _calm(times, points)
    speed = np.linalg.norm(np.gradient(calm, times, axis=0), axis=-1)
    height = calm @ up
    low = height - height.min(axis=1, keepdims=True) < ABOVE_OTHER_M
    resting = (speed < SLOW_M_PER_S) & low
    for column, part in runs(resting):
        if times[part.stop - 1] - times[part.start] < LEAST_S - ROUNDING_S:
            resting[part, column] = False
    return np.asarray(resting)
