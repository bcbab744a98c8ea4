"""Joint angles in degrees, from positions alone; docs/angles.md is the page of their definitions.

Frames of segments are ISB's: x forwards, y up, z to the person's right. Axes: P people, T times, A angles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import DoubleArray, IntArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.post.ground import find_up
from uplift3d.rotations import euler_degrees_from_matrix
from uplift3d.skeletons import convert_3d, joint_set
from uplift3d.types import Motion3D

TRUNK_ANGLES = ("pelvis_tilt", "pelvis_list", "trunk_lean", "trunk_side_lean", "trunk_flexion", "trunk_twist")
LIMB_ANGLES = (
    "hip_flexion",
    "hip_abduction",
    "knee_flexion",
    "ankle_flexion",
    "shoulder_flexion",
    "shoulder_abduction",
    "shoulder_elevation",
    "elbow_flexion",
)
ANGLES = (*TRUNK_ANGLES, *(f"{side}_{name}" for side in ("left", "right") for name in LIMB_ANGLES))
"""Names, in the order of `Angles.degrees`."""
LEAST_M = 0.01
"""A shorter bone has no direction."""
SINGULAR_DEG = 75.0
"""A limb raised sideways by more has no flexion, a hip line this steep tells no heading."""
WRAP_DEG = 120.0
"""Flexion goes from minus this to 360 degrees more: an arm overhead does not jump from 180 to −180."""


class Angles(NamedTuple):
    """Joint angles over time."""

    names: tuple[str, ...]
    """A names, see `ANGLES`."""
    degrees: DoubleArray
    """(P, T, A), NaN where a joint is missing or the angle is not defined."""
    times: TimeArray
    """(T,) seconds."""
    people: IntArray
    """(P,) track ids."""

    def of(self, name: str) -> DoubleArray:
        """(P, T) degrees of one angle; InputError for a name that is none."""
        if name not in self.names:
            raise InputError(f"no angle is called {name!r}; the angles are {', '.join(self.names)}")
        return np.asarray(self.degrees[..., self.names.index(name)])


def joint_angles(motion: Motion3D, up: npt.ArrayLike | None = None) -> Angles:
    """The angles of `ANGLES` for everybody at all times.

    Args:
        motion: any joint set; joints that it lacks make the angles that need them NaN.
        up: (3,) direction against gravity in the motion's axes, for pelvis_tilt, pelvis_list, trunk_lean and
            trunk_side_lean; default: `find_up`.
    """
    direction = np.asarray(find_up(motion).direction if up is None else up, dtype=np.float64)
    if direction.shape != (3,) or not np.linalg.norm(direction) > 0:
        raise InputError(f"up is {up!r}; it must be a direction (x, y, z)")
    names = joint_set("h36m21").joints
    positions = convert_3d(motion.positions, motion.joints, "h36m21").astype(np.float64)
    seen = {name: positions[:, :, index] for index, name in enumerate(names)}
    pelvis, thorax = segment_frames(seen)
    found = _trunk(seen, pelvis, thorax, direction / np.linalg.norm(direction))
    for side, outward in (("left", -1.0), ("right", 1.0)):
        limbs = _leg(seen, pelvis, side, outward) | _arm(seen, thorax, side, outward)
        found |= {f"{side}_{name}": values for name, values in limbs.items()}
    degrees = np.stack([found[name] for name in ANGLES], axis=-1)
    return Angles(ANGLES, degrees, motion.times, motion.people)


def segment_frames(seen: Mapping[str, DoubleArray]) -> tuple[DoubleArray, DoubleArray]:
    """Rotations (..., 3, 3) of pelvis and thorax: their axes x forwards, y up and z right as columns.

    The pelvis keeps the line of the hips as z and leans with the lower spine, the thorax keeps the upper
    spine as y and turns with the shoulders.
    """
    hips = _direction(seen["right_hip"] - seen["left_hip"])
    spine = seen["torso"] - seen["pelvis"]
    pelvis_up = _direction(spine - hips * _dot(spine, hips)[..., None])
    chest_up = _direction(seen["neck"] - seen["torso"])
    shoulders = seen["right_shoulder"] - seen["left_shoulder"]
    chest_right = _direction(shoulders - chest_up * _dot(shoulders, chest_up)[..., None])
    pelvis = np.stack([np.cross(pelvis_up, hips), pelvis_up, hips], axis=-1)
    thorax = np.stack([np.cross(chest_up, chest_right), chest_up, chest_right], axis=-1)
    return pelvis, thorax


def _trunk(
    seen: Mapping[str, DoubleArray], pelvis: DoubleArray, thorax: DoubleArray, up: DoubleArray
) -> dict[str, DoubleArray]:
    """Pelvis and trunk against gravity, and thorax against pelvis."""
    hips, spine = pelvis[..., 2], pelvis[..., 1]
    level = hips - up * (hips @ up)[..., None]
    steep = np.linalg.norm(level, axis=-1, keepdims=True) < np.cos(np.radians(SINGULAR_DEG))
    right = _direction(np.where(steep, np.nan, level))
    forward = np.cross(up, right)
    whole = _direction(seen["neck"] - seen["pelvis"])
    bend = _euler(np.swapaxes(pelvis, -1, -2) @ thorax)
    return {
        "pelvis_tilt": _turn(_dot(spine, forward), spine @ up),
        "pelvis_list": np.degrees(np.arcsin(np.clip(-(hips @ up), -1, 1))),
        "trunk_lean": _turn(_dot(whole, forward), whole @ up),
        "trunk_side_lean": np.degrees(np.arcsin(np.clip(_dot(whole, right), -1, 1))),
        "trunk_flexion": -bend[..., 0],
        "trunk_twist": bend[..., 2],
    }


def _leg(
    seen: Mapping[str, DoubleArray], pelvis: DoubleArray, side: str, outward: float
) -> dict[str, DoubleArray]:
    thigh = _direction(seen[f"{side}_knee"] - seen[f"{side}_hip"])
    shin = _direction(seen[f"{side}_ankle"] - seen[f"{side}_knee"])
    foot = _direction(seen[f"{side}_toe"] - seen[f"{side}_heel"])
    flexion, abduction, _ = _raised(thigh, pelvis, outward)
    return {
        "hip_flexion": flexion,
        "hip_abduction": abduction,
        "knee_flexion": _between(thigh, shin),
        "ankle_flexion": 90 - _between(-shin, foot),
    }


def _arm(
    seen: Mapping[str, DoubleArray], thorax: DoubleArray, side: str, outward: float
) -> dict[str, DoubleArray]:
    upper = _direction(seen[f"{side}_elbow"] - seen[f"{side}_shoulder"])
    fore = _direction(seen[f"{side}_wrist"] - seen[f"{side}_elbow"])
    flexion, abduction, elevation = _raised(upper, thorax, outward)
    return {
        "shoulder_flexion": flexion,
        "shoulder_abduction": abduction,
        "shoulder_elevation": elevation,
        "elbow_flexion": _between(upper, fore),
    }


def _raised(
    limb: DoubleArray, frame: DoubleArray, outward: float
) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Flexion, abduction and elevation (...) of a limb that hangs down from a segment at zero.

    Flexion turns it about the segment's z, then abduction about the axis that x has become (ISB's joint
    coordinate system of the hip): the limb lies at (sin f cos a, −cos f cos a, ± sin a).
    """
    x, y, z = np.moveaxis((np.swapaxes(frame, -1, -2) @ limb[..., None])[..., 0], -1, 0)
    abduction = np.degrees(np.arcsin(np.clip(outward * z, -1, 1)))
    flexion = np.where(np.abs(abduction) > SINGULAR_DEG, np.nan, _turn(x, -y))
    flexion = np.where(flexion < -WRAP_DEG, flexion + 360, flexion)
    return flexion, abduction, np.degrees(np.arctan2(np.hypot(x, z), -y))


def _euler(turn: DoubleArray) -> DoubleArray:
    """(..., 3) degrees about z, x and y, in this order; NaN where the turn is."""
    known = np.asarray(np.isfinite(turn).all(axis=(-1, -2)))
    safe = np.where(known[..., None, None], turn, np.eye(3))
    return np.where(known[..., None], euler_degrees_from_matrix(safe, "ZXY"), np.nan)


def _direction(vectors: DoubleArray) -> DoubleArray:
    """(..., 3) of length 1, NaN where there is none."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.where(length > LEAST_M, vectors / np.maximum(length, LEAST_M), np.nan))


def _between(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    """(...) degrees from one direction to another, 0 … 180."""
    across = np.linalg.norm(np.cross(first, second), axis=-1)
    return _turn(across, _dot(first, second))


def _turn(sine: DoubleArray, cosine: DoubleArray) -> DoubleArray:
    return np.asarray(np.degrees(np.arctan2(sine, cosine)))


def _dot(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    return np.asarray((first * second).sum(axis=-1))
