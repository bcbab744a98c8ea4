"""A body at rest, from median lengths: a T-pose that faces +z with its left at +x and palms down.

Axes: T times; y up, metres.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError

Array = npt.NDArray[np.float64]

LUMBAR = 0.35
"""Where the spine begins, in lengths from pelvis to torso."""
CLAVICLE = (0.25, 0.15)
"""Where collar bones begin: outwards in lengths from neck to shoulder, down in lengths from torso to neck."""
KNUCKLES = 0.4
"""From wrist to knuckles, in forearms."""
FOOT = (-0.14, 0.36)
"""Of a foot that was not seen: the toe below and before the ankle, in shins; at right angles to the shin."""
BALL_M = 0.055
"""From the ball of the foot to the tip of the toes."""
TIP_M = 0.02
"""Length drawn beyond toes and heels."""
LEAST_BONE_M = 0.005
SIDES = ("left", "right")


def rest_figure(seen: Mapping[str, Array]) -> dict[str, Array]:
    """The T-pose, from median lengths."""
    hip = _length(seen, "left_hip", "right_hip") / 2
    to_torso, chest = _length(seen, "pelvis", "torso"), _length(seen, "torso", "neck")
    rest = {"pelvis": np.zeros(3), "lumbar": np.array([0, LUMBAR * to_torso, 0])}
    lumbar = seen["pelvis"] + LUMBAR * to_torso * pelvis_turn(seen)[..., 1]
    rest["torso"] = rest["lumbar"] + [0, _median(seen["torso"] - lumbar, "from pelvis to torso"), 0]
    rest["neck"] = rest["torso"] + [0, chest, 0]
    rest["midchest"] = rest["torso"] + [0, chest / 3, 0]
    rest["head"], rest["head_top"] = (rest["neck"] + step for step in _rest_head(seen))
    out, down = CLAVICLE[0] * _both(seen, "neck", "shoulder"), CLAVICLE[1] * chest
    chest_axes = chest_turn(seen)
    collars = []
    for sign, side in ((1, "left"), (-1, "right")):
        rest[f"{side}_clavicle"] = rest["neck"] + [sign * out, -down, 0]
        base = seen["neck"] + chest_axes @ (rest[f"{side}_clavicle"] - rest["neck"])
        collars.append(_median(seen[f"{side}_shoulder"] - base, "from neck to shoulder"))
    arm, forearm = _both(seen, "shoulder", "elbow"), _both(seen, "elbow", "wrist")
    thigh, shin = _both(seen, "hip", "knee"), _both(seen, "knee", "ankle")
    toe, heel = _rest_foot(seen, shin)
    for sign, side in ((1, "left"), (-1, "right")):
        steps = np.cumsum([np.mean(collars), arm, forearm, KNUCKLES * forearm])
        for name, step in zip(("shoulder", "elbow", "wrist", "knuckles"), steps, strict=True):
            rest[f"{side}_{name}"] = rest[f"{side}_clavicle"] + [sign * step, 0, 0]
        rest[f"{side}_hip"] = np.array([sign * hip, 0, 0])
        rest[f"{side}_knee"] = rest[f"{side}_hip"] - [0, thigh, 0]
        rest[f"{side}_ankle"] = ankle = rest[f"{side}_knee"] - [0, shin, 0]
        rest[f"{side}_toe"], rest[f"{side}_heel"] = ankle + toe, ankle + heel
        rest[f"{side}_ball"] = ankle + toe - [0, 0, min(BALL_M, toe[2] / 2)]
        rest[f"{side}_toe_tip"] = ankle + toe + [0, 0, TIP_M]
        rest[f"{side}_heel_tip"] = ankle + heel - [0, 0, TIP_M]
    return rest


def _rest_head(seen: Mapping[str, Array]) -> tuple[Array, Array]:
    """Steps from the neck to head and head_top, from the triangle's sides: upright, the face before it."""
    to_head, to_top = _length(seen, "neck", "head"), _length(seen, "head", "head_top")
    whole = _length(seen, "neck", "head_top")
    up, before = _apex(to_head, to_top, whole)
    return np.array([0, up, before]), np.array([0, min(whole, to_head + to_top), 0])


def _rest_foot(seen: Mapping[str, Array], shin: float) -> tuple[Array, Array]:
    """Steps from the ankle to toe and heel: a flat foot."""
    if "left_toe" not in seen:
        down, before = FOOT[0] * shin, FOOT[1] * shin
        return np.array([0, down, before]), np.array([0, down, -before / 3])
    to_toe, to_heel = _both(seen, "ankle", "toe"), _both(seen, "ankle", "heel")
    sole = _both(seen, "heel", "toe")
    along, above = _apex(to_heel, to_toe, sole)
    return np.array([0, -above, min(sole, to_toe + to_heel) - along]), np.array([0, -above, -along])


def _apex(first: float, second: float, base: float) -> tuple[float, float]:
    """A triangle's apex over its base: along it from the corner of `first`, and at right angles to it."""
    base = min(base, first + second)
    along = (first**2 - second**2 + base**2) / (2 * base)
    return along, float(np.sqrt(max(first**2 - along**2, 0.0)))


def pelvis_turn(seen: Mapping[str, Array]) -> Array:
    """(T, 3, 3) the pelvis turned from rest: with the line of the hips, leaning with the lower spine."""
    left = seen["left_hip"] - seen["right_hip"]
    return frame(left, seen["torso"] - seen["pelvis"], [1, 0, 0], [0, 1, 0])


def chest_turn(seen: Mapping[str, Array]) -> Array:
    """(T, 3, 3) the chest turned from rest: with the upper spine, and the shoulders as nearly as can be."""
    across = seen["left_shoulder"] - seen["right_shoulder"]
    return frame(seen["neck"] - seen["torso"], across, [0, 1, 0], [1, 0, 0])


def frame(along: Array, toward: Array, rest_along: npt.ArrayLike, rest_toward: npt.ArrayLike) -> Array:
    """(T, 3, 3) the turn that takes one rest direction to that of now, another as nearly as can be."""
    now = _axes(along, toward)
    rest = _axes(np.asarray(rest_along, dtype=np.float64), np.asarray(rest_toward, dtype=np.float64))
    return np.asarray(now @ rest.T)


def _axes(along: Array, toward: Array) -> Array:
    """(..., 3, 3) columns: along, what of `toward` is at right angles to it, their cross product."""
    first = unit(along)
    across = toward - first * np.sum(first * toward, axis=-1, keepdims=True)
    spare = np.cross(first, np.eye(3)[np.argmin(np.abs(first), axis=-1)])
    parallel = np.linalg.norm(across, axis=-1, keepdims=True) < 1e-9
    second = unit(np.where(parallel, spare, across))
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def unit(vectors: Array) -> Array:
    """(..., 3) the same directions of length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


def _both(seen: Mapping[str, Array], start: str, end: str) -> float:
    """Median length of a bone that both sides have; a joint of the middle is the start of both."""
    return float(
        np.mean([_length(seen, start if start in seen else f"{s}_{start}", f"{s}_{end}") for s in SIDES])
    )


def _length(seen: Mapping[str, Array], start: str, end: str) -> float:
    return _median(seen[end] - seen[start], f"from {start} to {end}")


def _median(bones: Array, which: str) -> float:
    length = float(np.median(np.linalg.norm(bones, axis=-1)))
    if not length > LEAST_BONE_M:
        raise InputError(
            f"the bone {which} is {1000 * length:.1f} mm long; accepted are more than {1000 * LEAST_BONE_M:g}"
        )
    return length
