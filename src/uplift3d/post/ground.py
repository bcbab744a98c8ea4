"""Which way is up, from how people hold themselves.

Axes: P people, T times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.post.bones import durations_s
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

CAMERA_UP = np.array([0.0, -1.0, 0.0])
FARTHEST_DEG = 50.0
"""Who leans more than this against the camera's own up does not count: they lie or stand on their hands."""
ENDS = ("neck", "left_ankle", "right_ankle")
"""Joints of the line that points up; a joint set without them tells nothing."""
_ROUNDS = 30


class Up(NamedTuple):
    """Against gravity."""

    direction: DoubleArray
    """(3,) unit vector in the motion's axes."""
    spread_deg: float
    """Half of the poses lean less than this against it; NaN where nobody says anything."""


def find_up(motion: Motion3D) -> Up:
    """Up, for a camera that does not move: from the feet to the neck, over all people and times.

    The geometric median of the directions, so that a minority of bent poses does not pull; stretched bodies
    count more. The camera's own up where nobody is anything like upright.
    """
    directions, weights = _directions(motion)
    upright = directions @ CAMERA_UP > np.cos(np.radians(FARTHEST_DEG))
    directions, weights = directions[upright], weights[upright]
    if not weights.sum() > 0:
        return Up(CAMERA_UP.copy(), float("nan"))
    up = weights @ directions
    for _ in range(_ROUNDS):
        up /= np.linalg.norm(up)
        up = (weights / np.maximum(np.linalg.norm(directions - up, axis=-1), 1e-3)) @ directions
    up /= np.linalg.norm(up)
    lean = np.degrees(np.arccos(np.clip(directions @ up, -1, 1)))
    return Up(up, float(np.median(lean)))


def _directions(motion: Motion3D) -> tuple[DoubleArray, DoubleArray]:
    """Unit vectors (n, 3) from feet to neck of all poses, and weights (n,): how stretched, for how long."""
    joints = joint_set(motion.joints)
    if not set(ENDS) <= set(joints.joints):
        return np.zeros((0, 3)), np.zeros(0)
    neck, left, right = (joints.index(name) for name in ENDS)
    positions = motion.positions.astype(np.float64)
    body = positions[:, :, neck] - (positions[:, :, left] + positions[:, :, right]) / 2  # (P, T, 3)
    length = np.linalg.norm(body, axis=-1)
    known = np.isfinite(length) & (length > 0)
    tallest = np.max(np.where(known, length, 0), axis=1, keepdims=True, initial=1e-9)
    weights = np.broadcast_to(durations_s(motion.times), length.shape) * (length / tallest) ** 4
    return body[known] / length[known][:, None], weights[known]
