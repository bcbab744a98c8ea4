"""Which way is up and where the ground is: people in a level room, from posture and from where feet stand.

Axes: P people, T times, J joints.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.errors import UpliftWarning
from uplift3d.post.posture import CAMERA_UP, Up, posture_up
from uplift3d.post.stands import find_stands
from uplift3d.rotations import matrix_aligning
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

NOTED_UP = "up"
"""Of `Motion3D.meta`: (x, y, z) against gravity, in the axes of the motion."""
POSTURE_DEG = 6.0
"""How far a person's posture is off, usually (standard deviation on mocap films)."""
STAND_M = 0.2
"""How far off the ground's plane feet seem to stand, since distances are unsure."""
MOST_SIGMAS = 2.5
STAND_S = 1.0
"""Feet that rest for so long count as one measurement of that."""
ANKLE_HEIGHT_M = 0.08
"""Of an ankle above the ground, where a joint set has no feet."""
CAMERA_AXES_IN_WORLD = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
"""A level camera's axes (x right, y down, z away) → x right, y away, z up."""
FLOOR_PERCENTILE = 1.0
"""Of the lowest joint over time: one bad frame does not dig a hole."""


def find_up(motion: Motion3D) -> Up:
    """Up, for a camera that does not move: from posture (`posture_up`), and from where feet rest.

    Where the motion has a root and people go about, the places where their feet stand lie on a level plane,
    each person's on one of their own (somebody may stand on a wall), and on another one after a jump to
    another level (`stands.OTHER_LEVEL_M`); by least squares, the posture of each person being as sure as
    `POSTURE_DEG` and places as `STAND_M`. A plane that is farther than `MOST_SIGMAS` from what posture says
    is no level one (stairs, a wrong distance), and posture stays. A motion that is `level` has its up,
    and one that notes it (`with_up`) that.
    """
    if is_level(motion):
        return Up(CAMERA_UP.copy(), float("nan"))
    if (noted := _noted_up(motion)) is not None:
        return Up(noted, float("nan"))
    up = posture_up(motion)
    stands = find_stands(motion, up.direction)
    if not stands:
        return up
    off = np.concatenate([stand.places - stand.places.mean(axis=0) for stand in stands])
    measurements = max(sum(stand.seconds for stand in stands) / STAND_S, 1.0)
    level = np.linalg.svd(up.direction[None])[2][1:]  # (2, 3) at right angles to up
    tilt = off @ level.T
    share = measurements / len(off) / STAND_M**2
    postures = max(int(motion.present.any(axis=1).sum()), 1)
    normal = postures * np.eye(2) / np.tan(np.radians(POSTURE_DEG)) ** 2 + share * tilt.T @ tilt
    slope = np.linalg.solve(normal, share * tilt.T @ (off @ up.direction))
    if np.linalg.norm(slope) > np.tan(np.radians(MOST_SIGMAS * POSTURE_DEG)):
        return up
    direction = up.direction - slope @ level
    return up._replace(direction=direction / np.linalg.norm(direction))


def level(motion: Motion3D) -> Motion3D:
    """The motion as a level camera would see it: turned so that up is minus y, about a level axis.

    `meta["level"]` says that this is done, and such a motion stays as it is.
    """
    if is_level(motion):
        return motion
    turn = matrix_aligning(find_up(motion).direction, CAMERA_UP)
    root = None if motion.root is None else (motion.root @ turn.T).astype(np.float32)
    positions = (motion.positions @ turn.T).astype(np.float32)
    meta = {name: value for name, value in motion.meta.items() if name != NOTED_UP}
    return replace(motion, positions=positions, root=root, meta={**meta, "level": True})


def on_the_ground(motion: Motion3D) -> Motion3D:
    """The motion in a level room with a root, the ground at y = 0 (y down, x right, z away from the viewer).

    Where the root is known, everybody is moved alike: the first person's first pelvis stands above the
    origin. Where it is not, everybody stands still above the origin, as high as their lowest joint needs. A
    person whose place is unknown for a time stays on the way between where they were known to be, and one
    whose place never is stands above the origin; a warning names them.
    """
    if not motion.present.any():
        return motion
    motion = level(motion)
    origin = _origin(motion)
    still = np.zeros((*motion.positions.shape[:2], 3))
    # y points down: a pelvis is at minus its height
    still[..., 1] = np.array([_floor(row) for row in -_lowest(motion)])[:, None]
    roots = still if motion.root is None or origin is None else _filled(motion, motion.root - origin, still)
    return replace(motion, root=np.where(motion.present[..., None], roots, np.nan).astype(np.float32))


def _filled(motion: Motion3D, roots: DoubleArray, still: DoubleArray) -> DoubleArray:
    """Places (P, T, 3) without NaN: by straight lines between known ones, `still` where none is known."""
    roots = np.array(roots, dtype=np.float64)
    unknown = motion.present & ~np.isfinite(roots).all(axis=-1)
    for person in np.flatnonzero(unknown.any(axis=1)):
        known = motion.present[person] & ~unknown[person]
        rows = unknown[person]
        if known.any():
            wanted, times = motion.times[rows], motion.times[known]
            axes = [np.interp(wanted, times, axis) for axis in roots[person, known].T]
            roots[person, rows] = np.stack(axes, axis=-1)
        else:
            roots[person] = still[person]
    if unknown.any():
        names = ", ".join(str(who) for who in motion.people[unknown.any(axis=1)])
        share = unknown.sum() / motion.present.sum()
        warnings.warn(
            f"where people are is unknown in {100 * share:.0f} % of the poses (people {names}); they are put "
            "between the places that are known, or above the origin where none is",
            UpliftWarning,
            stacklevel=3,
        )
    return roots


class CameraPose(NamedTuple):
    """How a camera stands in the world: p_camera = R_camera_world @ p_world + t_camera_world."""

    R_camera_world: DoubleArray
    """(3, 3)"""
    t_camera_world: DoubleArray
    """(3,) metres; zeros where nobody knows where people are."""


def camera_pose(motion: Motion3D) -> CameraPose:
    """The camera of a motion in the world of `z_up_world`, whose place is unknown where the root is."""
    turn = matrix_aligning(find_up(motion).direction, CAMERA_UP)
    origin = _origin(level(motion)) if motion.present.any() else None
    return CameraPose(
        turn.T @ CAMERA_AXES_IN_WORLD.T, np.zeros(3) if origin is None else np.asarray(turn.T @ origin)
    )


def z_up_world(motion: Motion3D) -> DoubleArray:
    """(P, T, J, 3) metres: x right, y away from the viewer, z up, NaN where somebody is absent.

    The origin is on the ground below the first person's first pelvis (`on_the_ground`).
    """
    placed = on_the_ground(motion)
    root = np.zeros((*placed.positions.shape[:2], 3)) if placed.root is None else placed.root
    return np.asarray((placed.positions + root[:, :, None]).astype(np.float64) @ CAMERA_AXES_IN_WORLD.T)


def with_up(motion: Motion3D) -> Motion3D:
    """The motion with `meta["up"]`, so that one person of it, or a part, has the up of the whole."""
    return replace(motion, meta={**motion.meta, NOTED_UP: find_up(motion).direction.round(6).tolist()})


def _noted_up(motion: Motion3D) -> DoubleArray | None:
    try:
        noted = np.array(motion.meta[NOTED_UP], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    length = float(np.linalg.norm(noted)) if noted.shape == (3,) else 0.0
    return noted / length if 0.5 < length < 2 else None


def is_level(motion: Motion3D) -> bool:
    """Whether the motion was put on the ground already (`level`), and its camera forgotten."""
    return motion.meta.get("level") is True


def _origin(motion: Motion3D) -> DoubleArray | None:
    """(3,) from the camera to the ground below the first person's first pelvis; None where it is unknown."""
    if motion.root is None or not (known := motion.present & np.isfinite(motion.root).all(axis=-1)).any():
        return None
    person, time = np.argwhere(known)[0]
    start = motion.root[person, time].astype(np.float64)
    return np.array([start[0], -_floor(-_lowest(motion) - motion.root[..., 1]), start[2]])


def _lowest(motion: Motion3D) -> DoubleArray:
    """(P, T) camera y of each person's lowest place from the pelvis; NaN where absent."""
    down = motion.positions[..., 1].astype(np.float64)
    names = joint_set(motion.joints).joints
    if not any("heel" in name for name in names):
        down[..., [j for j, name in enumerate(names) if "ankle" in name]] += ANKLE_HEIGHT_M
    return np.where(motion.present, np.max(np.nan_to_num(down, nan=-np.inf), axis=-1), np.nan)


def _floor(heights: DoubleArray) -> float:
    known = heights[np.isfinite(heights)]
    return float(np.percentile(known, FLOOR_PERCENTILE)) if known.size else 0.0
