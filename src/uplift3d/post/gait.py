"""Steps of people who walk: when heels strike and toes leave, how long, how far, how fast.

Events are those of Zeni, Richards and Higginson (2008): seen from the pelvis, along the way that the person
goes, a heel is farthest ahead when it strikes, and a toe farthest behind when it leaves. Axes: T times.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import DoubleArray, RealArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.post.ground import find_up
from uplift3d.post.resample import at_even_times, stretches
from uplift3d.post.smooth import low_pass
from uplift3d.skeletons import JointSet, joint_set
from uplift3d.types import Motion3D

FEET = ("left_heel", "left_toe", "right_heel", "right_toe", "left_hip", "right_hip")
SMOOTH_HZ = 5.0
"""Places of feet are looked at without what is faster."""
SWING_M = 0.12
"""A foot that swings by less makes no step."""
STEP_S = (0.25, 1.5)
"""Two heel strikes that follow each other nearer or farther apart are no step."""
LEAST_STRIDE_S = 0.42
"""One foot strikes no sooner again, even of sprinters: of two strikes the one farther ahead is meant."""
WALKING_M_PER_S = 0.3
"""Whoever is slower, or goes sideways, is taken to go where the hips point; one can walk backwards faster."""
HEADING_HZ = 0.7
"""The way that somebody goes is told without what is faster."""


class Step(NamedTuple):
    """From the heel strike of one foot to that of the other."""

    person: int
    """Track id."""
    side: str
    """Of the foot that strikes at the end: "left" or "right"."""
    start_s: float
    """The other foot's heel strike."""
    toe_off_s: float
    """When this foot's toe leaves in between; NaN where that was not seen."""
    heel_strike_s: float
    """This foot's, which ends the step."""
    length_m: float
    """From where the other heel struck to where this one does, along the way; without a root from heel to
    heel at the end, which is less, since the other has risen by then."""

    @property
    def time_s(self) -> float:
        """Duration."""
        return self.heel_strike_s - self.start_s

    @property
    def speed_m_per_s(self) -> float:
        """Length over time."""
        return self.length_m / self.time_s


def find_steps(motion: Motion3D, up: npt.ArrayLike | None = None) -> list[Step]:
    """The steps of everybody, by person and time; people who do not walk have none.

    Args:
        motion: with heels and toes. Without `root` the way is where the hips point.
        up: (3,) direction against gravity in the motion's axes; default: `find_up`.

    Raises:
        InputError: a joint set without feet.
    """
    names = joint_set(motion.joints).joints
    if missing := [name for name in FEET if name not in names]:
        raise InputError(
            f"steps need heels and toes; joint set {motion.joints!r} has no {', '.join(missing)}"
        )
    direction = np.asarray(find_up(motion).direction if up is None else up, dtype=np.float64)
    direction = direction / np.linalg.norm(direction)
    found: list[Step] = []
    for person, who in enumerate(motion.people.tolist()):
        for part in stretches(motion.present[person], motion.times):
            if motion.times[part.stop - 1] - motion.times[part.start] > 2 * STEP_S[0]:
                found += _steps(motion, person, part, direction, who)
    return found


def _steps(motion: Motion3D, person: int, part: slice, up: DoubleArray, who: int) -> list[Step]:
    """Of one stretch."""
    joints = joint_set(motion.joints)
    times, pose = at_even_times(motion.times[part], motion.positions[person, part].astype(np.float64))
    pose = low_pass(times, pose, SMOOTH_HZ)
    root = None
    if motion.root is not None and np.isfinite(motion.root[person, part]).all():
        root = at_even_times(motion.times[part], motion.root[person, part].astype(np.float64))[1]
    way = _way(times, pose, root, joints, up)
    ahead = {name: (pose[:, joints.index(name)] * way).sum(axis=-1) for name in FEET[:4]}
    heels = {side: pose[:, joints.index(f"{side}_heel")] for side in ("left", "right")}
    strikes = sorted(
        (time, side) for side in ("left", "right") for time in _peaks(times, ahead[f"{side}_heel"])
    )
    leaves = {side: _peaks(times, -ahead[f"{side}_toe"]) for side in ("left", "right")}
    steps = []
    for (start, before), (end, side) in pairwise(strikes):
        if before == side or not STEP_S[0] <= end - start <= STEP_S[1]:
            continue
        if root is None:
            length = float(np.interp(end, times, ahead[f"{side}_heel"] - ahead[f"{before}_heel"]))
        else:  # where each heel strikes: the other one has risen and moved on by then
            walked = _at(end, times, heels[side] + root) - _at(start, times, heels[before] + root)
            length = float(walked @ _at((start + end) / 2, times, way))
        off = [time for time in leaves[side] if start <= time < end]
        if length > 0:
            steps.append(Step(who, side, start, off[0] if off else np.nan, end, length))
    return steps


def _at(time_s: float, times: TimeArray, values: DoubleArray) -> DoubleArray:
    """(3,) the values (T, 3) at a time."""
    return np.array([np.interp(time_s, times, axis) for axis in values.T])


def _way(
    times: TimeArray, pose: RealArray, root: RealArray | None, joints: JointSet, up: DoubleArray
) -> DoubleArray:
    """(T, 3) level unit vectors along the way that somebody goes: by the pelvis's velocity or the hips."""
    facing = np.cross(up, pose[:, joints.index("right_hip")] - pose[:, joints.index("left_hip")])
    way = low_pass(times, _unit(facing), HEADING_HZ)
    if root is not None:
        places = low_pass(times, root, HEADING_HZ)
        velocity = np.gradient(places, times, axis=0)
        level = velocity - (velocity @ up)[:, None] * up
        walks = np.abs((level * _unit(way)).sum(axis=-1)) > WALKING_M_PER_S
        way = np.where(walks[:, None], _unit(level), way)
    return _unit(way)


def _peaks(times: TimeArray, values: DoubleArray) -> list[float]:
    """Times of the maxima of (T,) that stand out, between frames by the parabola through three of them."""
    from scipy.signal import find_peaks  # slow to import

    step = float(np.median(np.diff(times)))
    places, _ = find_peaks(values, prominence=SWING_M, distance=max(1, round(LEAST_STRIDE_S / step)))
    found = []
    for place in places.tolist():
        before, here, after = values[place - 1 : place + 2]
        bend = before - 2 * here + after
        found.append(float(times[place] + (step * (before - after) / (2 * bend) if bend < 0 else 0.0)))
    return found


def _unit(vectors: RealArray) -> DoubleArray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), dtype=np.float64)
