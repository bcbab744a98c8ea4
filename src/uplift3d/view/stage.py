"""Where people stand when a motion is shown: display axes, floor, places side by side, which frames.

Display axes are x right, y away from the viewer, z up (metres), the floor at z = 0. Axes in shapes: P people,
T times, F shown frames, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray, IntArray, TimeArray
from uplift3d.post.ground import FLOOR_PERCENTILE, find_up, is_level
from uplift3d.post.posture import CAMERA_UP
from uplift3d.rotations import matrix_aligning
from uplift3d.skeletons import JointSet
from uplift3d.types import Motion3D

PLACES_PER_ROW = 6
NARROWEST_PLACE_M = 1.0

# Thickness of the drawn limbs, for the eye only.
LIMB_RADIUS_M = 0.03
TRUNK_RADIUS_M = 0.045
HEAD_RADIUS_M = 0.078
_TRUNK = {"pelvis", "torso", "neck", "spine2", "spine3", "spine4", "mid_shoulder"}


@dataclass(frozen=True)
class Stage:
    """A motion placed for display."""

    positions: FloatArray
    """(P, F, J, 3) metres in display axes, NaN where a person is absent."""
    frames: IntArray
    """(F,) which of the motion's frames are shown."""
    side_by_side: bool
    """True when people were given places because the motion does not say where they are."""
    R_display_camera: DoubleArray
    """(3, 3) rotation, camera axes → display axes."""
    camera_m: DoubleArray | None
    """(3,) the camera in display axes; None when nobody knows where people are from it."""


def set_stage(motion: Motion3D, max_frames: int | None = None) -> Stage:
    """Bring a motion into display axes, upright and on the floor, everybody in a place of their own.

    The camera may look down or be tilted: up is `find_up(motion)`.
    """
    frames = choose_frames(motion, max_frames)
    level = matrix_aligning(find_up(motion).direction, CAMERA_UP)
    upright = to_display_axes(motion.positions @ level.T)
    known = motion.root is not None and bool(np.isfinite(motion.root[motion.present]).all())
    if motion.root is not None and known:
        upright = upright + to_display_axes(motion.root @ level.T)[:, :, None]
        floor = np.array([_floor_m(upright)] * len(upright))
    else:
        upright = upright + _places(upright)[:, None, None]
        floor = np.array([_floor_m(person) for person in upright])
    placed = upright - floor[:, None, None, None] * np.array([0, 0, 1.0])
    side_by_side = not known and len(upright) > 1
    rotation = to_display_axes(level.T).T
    from_camera = known and len(floor) and not is_level(motion)
    camera = np.array([0.0, 0.0, -floor[0]]) if from_camera else None
    return Stage(placed[:, frames].astype(np.float32), frames, side_by_side, rotation, camera)


def to_display_axes(positions: FloatArray | DoubleArray) -> DoubleArray:
    """(..., 3) camera axes (x right, y down, z away) → display axes (x right, y away, z up)."""
    x, y, z = np.moveaxis(positions.astype(np.float64), -1, 0)
    return np.stack([x, z, -y], axis=-1)


def choose_frames(motion: Motion3D, max_frames: int | None) -> IntArray:
    """At most `max_frames` frames, evenly over the motion, measured ones preferred; all when it is None."""
    count = len(motion)
    if max_frames is None or count <= max_frames:
        return np.arange(count)
    measured = np.asarray(motion.observed.any(axis=0))
    edges = np.linspace(0, count, max_frames + 1).round().astype(np.int64)
    chosen = [start + int(np.argmax(measured[start:end])) for start, end in pairwise(edges.tolist())]
    return np.array(chosen, dtype=np.int64)


def joint_speeds(motion: Motion3D) -> DoubleArray:
    """(P, T) speed in m/s: mean over joints of the pelvis-relative displacement since the previous frame.

    The first frame repeats the second one's value; NaN where a person is absent.
    """
    if len(motion) < 2:
        return np.where(motion.present, 0.0, np.nan)
    steps = np.linalg.norm(np.diff(motion.positions.astype(np.float64), axis=1), axis=-1).mean(axis=-1)
    speeds: DoubleArray = steps / np.diff(motion.times)
    return np.concatenate([speeds[:, :1], speeds], axis=1)


def bone_radii_m(joints: JointSet) -> list[float]:
    """Drawn thickness of every bone of `joints.bones`."""
    radii = []
    for parent, child in joints.bones:
        ends = {joints.joints[parent], joints.joints[child]}
        if ends == {"head", "head_top"}:
            radii.append(HEAD_RADIUS_M)
        else:
            radii.append(TRUNK_RADIUS_M if ends <= _TRUNK else LIMB_RADIUS_M)
    return radii


def drawn_ends(pose: DoubleArray, parent: int, child: int, joints: JointSet) -> DoubleArray:
    """(2, 3) ends of a drawn bone of a pose (J, 3): the drawn head ends at its top, not half a head above."""
    start, end = pose[parent], pose[child]
    if joints.joints[child] == "head_top":
        along = end - start
        length = float(np.linalg.norm(along)) or 1.0
        end = end - along / length * min(HEAD_RADIUS_M, length)
    return np.stack([start, end])


def bone_sides(joints: JointSet) -> list[str]:
    """'left', 'right' or 'middle' for every bone of `joints.bones`: the side of its far end."""
    return [joints.sides[child] for _, child in joints.bones]


def describe_length(motion: Motion3D) -> str:
    """Such as '2 people · 7.63 s · 392 poses at 230 moments, 33 of them measured in 2D'."""
    people = len(motion.people)
    measured = int(motion.observed.sum())
    who = "1 person" if people == 1 else f"{people} people"
    length = f"{duration_s(motion.times):.2f} s"
    return f"{who} · {length} · {poses_in_words(motion)}, {measured} of them measured in 2D"


def poses_in_words(motion: Motion3D) -> str:
    """How many poses of everybody there are, and at how many moments where that is another number."""
    poses = int(motion.present.sum())
    return f"{poses} poses" + ("" if poses == len(motion) else f" at {len(motion)} moments")


def duration_s(times: TimeArray) -> float:
    """Seconds from the first time to the last, 0 when there is none."""
    return float(times[-1] - times[0]) if len(times) else 0.0


def motion_title(motion: Motion3D) -> str:
    """What the motion was made from, as far as its meta says."""
    source = motion.meta.get("source") or motion.meta.get("input")
    return str(source).replace("\\", "/").rsplit("/", 1)[-1] if source else "3D motion"


def _floor_m(positions: DoubleArray) -> float:
    """Height of the floor under (..., T, J, 3): where the lowest joint usually is at its lowest."""
    heights = positions[..., 2]
    lowest = np.where(np.isfinite(heights), heights, np.inf).min(axis=-1)
    lowest = lowest[np.isfinite(lowest)]
    return float(np.percentile(lowest, FLOOR_PERCENTILE)) if lowest.size else 0.0


def _places(positions: DoubleArray) -> DoubleArray:
    """(P, 3) places in rows, far enough apart that nobody's hands reach into the neighbour's place."""
    sideways = np.abs(positions[..., 0])
    reach = sideways[np.isfinite(sideways)].max(initial=0.0)
    width = max(NARROWEST_PLACE_M, 1.7 * reach)
    index = np.arange(len(positions))
    in_row = index % PLACES_PER_ROW
    row_length = np.minimum(PLACES_PER_ROW, len(positions) - index // PLACES_PER_ROW * PLACES_PER_ROW)
    x = (in_row - (row_length - 1) / 2) * width
    return np.stack([x, index // PLACES_PER_ROW * width, np.zeros(len(positions))], axis=-1)
