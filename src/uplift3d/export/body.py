"""A body of constant bones that follows a motion: how each segment turns over time from its rest (`rest.py`).

Axes: T times, J joints; y up, metres. The rest figure is a T-pose that faces +z with its left at +x and palms
down, in which every segment's turn is the identity. Directions of bones are those of the motion, exactly;
lengths are medians over time, alike on both sides. What positions do not say is the turn about a bone's own
direction, its twist: thighs and shins share the axis of the knee, upper arms and forearms that of the elbow,
and where a limb is nearly straight the axis is taken from the moments around it and from the smallest turn
that brings the limb from rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from uplift3d.export.rest import (
    LEAST_BONE_M,
    SIDES,
    chest_turn,
    frame,
    pelvis_turn,
    rest_figure,
    unit,
)
from uplift3d.rotations import matrix_aligning
from uplift3d.skeletons import joint_set

Array = npt.NDArray[np.float64]

TWIST_WINDOW_S = 0.1
"""Standard deviation of the window that twist is averaged over."""
TWIST_PRIOR = 0.05
"""Weight of the twist of the smallest turn against that of a limb bent by 90 degrees."""
NO_AREA_M2 = 1e-5
"""Of the triangle of ankle, heel and toe: points on one line do not tell how a foot is turned about it."""
FOOT_PRIOR = 0.2
"""Weight of the foot's direction in the twist of the leg."""

# Each landmark hangs on another, carried by a segment. Parents come first.
LANDMARKS: dict[str, tuple[str, str]] = {
    "lumbar": ("pelvis", "pelvis"),
    "torso": ("lumbar", "spine"),
    "midchest": ("torso", "chest"),
    "neck": ("torso", "chest"),
    "head": ("neck", "neck"),
    "head_top": ("head", "head"),
}
for _s in SIDES:
    LANDMARKS |= {
        f"{_s}_clavicle": ("torso", "chest"),
        f"{_s}_shoulder": (f"{_s}_clavicle", f"{_s}_clavicle"),
        f"{_s}_elbow": (f"{_s}_shoulder", f"{_s}_upper_arm"),
        f"{_s}_wrist": (f"{_s}_elbow", f"{_s}_forearm"),
        f"{_s}_knuckles": (f"{_s}_wrist", f"{_s}_forearm"),
        f"{_s}_hip": ("pelvis", "pelvis"),
        f"{_s}_knee": (f"{_s}_hip", f"{_s}_thigh"),
        f"{_s}_ankle": (f"{_s}_knee", f"{_s}_shin"),
        f"{_s}_ball": (f"{_s}_ankle", f"{_s}_foot"),
        f"{_s}_toe": (f"{_s}_ankle", f"{_s}_foot"),
        f"{_s}_toe_tip": (f"{_s}_toe", f"{_s}_foot"),
        f"{_s}_heel": (f"{_s}_ankle", f"{_s}_foot"),
        f"{_s}_heel_tip": (f"{_s}_heel", f"{_s}_foot"),
    }


@dataclass(frozen=True)
class Body:
    """Constant bones in motion."""

    rest: Mapping[str, Array]
    """Landmark → (3,) metres from the pelvis in the T-pose."""
    turns: Mapping[str, Array]
    """Segment → (T, 3, 3) its orientation in the world."""
    pelvis: Array
    """(T, 3) metres."""
    has_feet: bool
    """Whether toes and heels were seen."""

    def place(self, landmark: str) -> Array:
        """(T, 3) where a landmark is."""
        if landmark == "pelvis":
            return self.pelvis
        parent, segment = LANDMARKS[landmark]
        step = self.rest[landmark] - self.rest[parent]
        return np.asarray(self.place(parent) + self.turns[segment] @ step)

    @property
    def height_m(self) -> float:
        """Of the pelvis over the soles in the T-pose."""
        return -float(min(place[1] for place in self.rest.values()))


def fit_body(positions: Array, joints: str, rate_hz: float) -> Body:
    """The body of constant bones that follows joints.

    Args:
        positions: (T, J, 3) metres, y up, no NaN, T ≥ 1.
        joints: "h36m17" or "h36m21".
        rate_hz: poses per second.

    Raises:
        InputError: a bone without length, so that no direction can be told.
    """
    names = joint_set(joints).joints
    seen = {name: positions[:, index] for index, name in enumerate(names)}
    rest = rest_figure(seen)
    turns = _trunk(seen, rest)
    for side in SIDES:
        turns |= _arm(seen, rest, turns, side, rate_hz)
        turns |= _leg(seen, rest, turns, side, rate_hz)
    return Body(rest, turns, seen["pelvis"], "left_toe" in seen)


def usable(positions: Array, joints: str) -> npt.NDArray[np.bool_]:
    """(T,) False where a joint is NaN or lies on its neighbour, so that a bone has no direction."""
    sets = joint_set(joints)
    lengths = [np.linalg.norm(positions[:, c] - positions[:, p], axis=-1) for p, c in sets.bones]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.all(np.array(lengths) > LEAST_BONE_M / 10, axis=0))


def _trunk(seen: Mapping[str, Array], rest: Mapping[str, Array]) -> dict[str, Array]:
    pelvis, chest = pelvis_turn(seen), chest_turn(seen)
    left = pelvis[..., 0] + chest[..., 0]  # the spine twists half-way
    left = np.where(np.linalg.norm(left, axis=-1, keepdims=True) < 0.1, chest[..., 0], left)
    lumbar = seen["pelvis"] + pelvis @ rest["lumbar"]
    turns = {"pelvis": pelvis, "chest": chest}
    turns["spine"] = frame(seen["torso"] - lumbar, left, [0, 1, 0], [1, 0, 0])
    to_head, to_top = seen["head"] - seen["neck"], seen["head_top"] - seen["head"]
    rest_head, rest_top = rest["head"] - rest["neck"], rest["head_top"] - rest["head"]
    area = np.cross(rest_top, rest_head)[0]
    facing = 0.1 * chest[..., 0]
    if area > 0.15 * np.linalg.norm(rest["head_top"] - rest["neck"]) ** 2:
        facing = facing + np.cross(to_top, to_head) / area  # the face is before the line up the head
    else:
        facing = chest[..., 0]
    turns["neck"] = frame(to_head, facing, rest_head, [1, 0, 0])
    turns["head"] = frame(to_top, facing, rest_top, [1, 0, 0])
    return turns


def _arm(
    seen: Mapping[str, Array],
    rest: Mapping[str, Array],
    turns: Mapping[str, Array],
    side: str,
    rate_hz: float,
) -> dict[str, Array]:
    chest, out = turns["chest"], np.array([1.0 if side == "left" else -1.0, 0, 0])
    collar = seen[f"{side}_shoulder"] - seen["neck"] - chest @ (rest[f"{side}_clavicle"] - rest["neck"])
    upper = seen[f"{side}_elbow"] - seen[f"{side}_shoulder"]
    lower = seen[f"{side}_wrist"] - seen[f"{side}_elbow"]
    axis = np.cross(out, [0, 0, 1])  # forearms bend forwards
    bend = np.cross(unit(upper), unit(lower))
    hinge = _hinge(upper, bend, chest, out, axis, rate_hz)
    return {
        f"{side}_clavicle": frame(collar, chest[..., 1], out, [0, 1, 0]),
        f"{side}_upper_arm": frame(upper, hinge, out, axis),
        f"{side}_forearm": frame(lower, hinge, out, axis),
    }


def _leg(
    seen: Mapping[str, Array],
    rest: Mapping[str, Array],
    turns: Mapping[str, Array],
    side: str,
    rate_hz: float,
) -> dict[str, Array]:
    down, axis = np.array([0, -1.0, 0]), np.array([1.0, 0, 0])  # shins bend backwards
    thigh = seen[f"{side}_knee"] - seen[f"{side}_hip"]
    shin = seen[f"{side}_ankle"] - seen[f"{side}_knee"]
    bend = np.cross(unit(thigh), unit(shin))
    if f"{side}_toe" in seen:
        toe = seen[f"{side}_toe"] - seen[f"{side}_ankle"]
        bend = bend + FOOT_PRIOR * np.cross(-unit(shin), unit(toe))
    hinge = _hinge(thigh, bend, turns["pelvis"], down, axis, rate_hz)
    legs = {
        f"{side}_thigh": frame(thigh, hinge, down, axis),
        f"{side}_shin": frame(shin, hinge, down, axis),
    }
    if f"{side}_toe" not in seen:
        return {**legs, f"{side}_foot": legs[f"{side}_shin"]}
    sole = seen[f"{side}_toe"] - seen[f"{side}_heel"]
    across = np.cross(seen[f"{side}_ankle"] - seen[f"{side}_heel"], sole)
    flat = np.linalg.norm(across, axis=-1, keepdims=True) < NO_AREA_M2
    across = np.where(flat, unit(hinge), unit(across))
    return {**legs, f"{side}_foot": frame(toe, across, rest[f"{side}_toe"] - rest[f"{side}_ankle"], axis)}


def _hinge(
    limb: Array, bend: Array, parent: Array, rest_limb: Array, rest_axis: Array, rate_hz: float
) -> Array:
    """(T, 3) the axis that a limb bends about, at right angles to its upper bone.

    `bend` is the axis as this moment shows it, the shorter the straighter the limb. Averaged over time as an
    angle about the bone from the axis that the smallest turn out of rest would give.
    """
    along = unit(limb)
    from_rest = matrix_aligning(parent @ rest_limb, along) @ parent
    first = from_rest @ rest_axis
    second = np.cross(along, first)
    shown = np.stack([np.sum(bend * first, axis=-1), np.sum(bend * second, axis=-1)], axis=-1)
    cosine, sine = np.moveaxis(_smoothed(shown, rate_hz), -1, 0)
    cosine = cosine + TWIST_PRIOR
    straight = np.hypot(cosine, sine) < 1e-6
    cosine, sine = np.where(straight, 1.0, cosine), np.where(straight, 0.0, sine)
    return np.asarray(cosine[:, None] * first + sine[:, None] * second)


def _smoothed(values: Array, rate_hz: float) -> Array:
    """(T, …) averaged over time with a bell-shaped window; the ends count as held."""
    sigma = TWIST_WINDOW_S * rate_hz
    reach = min(int(np.ceil(3 * sigma)), 10 * len(values))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, weights / weights.sum(), mode="valid") for column in padded.T]
    return np.stack(columns, axis=-1)
