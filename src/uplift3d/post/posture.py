"""Which way is up, from how people hold themselves.

Axes: P people, T times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.post.bones import durations_s
from uplift3d.skeletons import JointSet, joint_set
from uplift3d.types import Motion3D

CAMERA_UP = np.array([0.0, -1.0, 0.0])
FARTHEST_DEG = 60.0
"""Who leans more than this against the camera's own up does not count: they lie or stand on their hands."""
MASSES = [
    ("neck", "pelvis", 0.497, 0.5),
    ("head_top", "neck", 0.081, 0.5),
    *(
        (f"{side}_{proximal}", f"{side}_{distal}", mass, at)
        for side in ("left", "right")
        for proximal, distal, mass, at in (
            ("shoulder", "elbow", 0.028, 0.436),
            ("elbow", "wrist", 0.022, 0.6),
            ("hip", "knee", 0.1, 0.433),
            ("knee", "ankle", 0.061, 0.5),
        )
    ),
]
"""Segments: ends, share of the body's mass, place of its centre from the first end (Winter, Biomechanics and
Motor Control of Human Movement, table 4.1; forearm with hand; shin with foot)."""
_ROUNDS = 30


class Up(NamedTuple):
    """Against gravity."""

    direction: DoubleArray
    """(3,) unit vector in the motion's axes."""
    spread_deg: float
    """Half of the poses lean less than this against it; NaN where nobody says anything."""


def posture_up(motion: Motion3D) -> Up:
    """Up, for a camera that does not move: from the feet to the centre of mass, over all people and times.

    Whoever does not fall has it above the feet, bent or not. The geometric median of the directions, so that
    a minority of falling ones does not pull; stretched bodies count more. The camera's own up where nobody is
    anything like upright, and for joint sets without the joints of `MASSES`.
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
    """Unit vectors (n, 3) from the feet to the centre of mass, and weights (n,): how stretched, how long."""
    joints = joint_set(motion.joints)
    needed = {name for first, second, _, _ in MASSES for name in (first, second)}
    if not needed <= set(joints.joints):
        return np.zeros((0, 3)), np.zeros(0)
    positions = motion.positions.astype(np.float64)
    body = _centre_of_mass(positions, joints) - positions[:, :, _soles(joints)].mean(axis=2)  # (P, T, 3)
    length = np.linalg.norm(body, axis=-1)
    known = np.isfinite(length) & (length > 0)
    tallest = np.max(np.where(known, length, 0), axis=1, keepdims=True, initial=1e-9)
    weights = np.broadcast_to(durations_s(motion.times), length.shape) * (length / tallest) ** 4
    return body[known] / length[known][:, None], weights[known]


def _centre_of_mass(positions: DoubleArray, joints: JointSet) -> DoubleArray:
    """(P, T, 3) metres from the pelvis."""
    total = sum(mass for *_, mass, _ in MASSES)
    parts = [
        mass * ((1 - at) * positions[:, :, joints.index(first)] + at * positions[:, :, joints.index(second)])
        for first, second, mass, at in MASSES
    ]
    return np.asarray(np.sum(parts, axis=0) / total)


def _soles(joints: JointSet) -> list[int]:
    """Heels and toes, or ankles of a joint set without."""
    feet = [n for n, name in enumerate(joints.joints) if name.endswith(("heel", "toe"))]
    return feet or [n for n, name in enumerate(joints.joints) if name.endswith("ankle")]
