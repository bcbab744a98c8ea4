"""A body of sticks that moves with a rig: what `.glb` and `.usd` share.

Axes: T times, N corners; y up, metres.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from uplift3d.export.body import Body
from uplift3d.export.rigs import Rig
from uplift3d.rotations import quaternion_from_matrix

Array = npt.NDArray[np.float64]

STICK = 0.12
"""Thickness of a stick, in its lengths, and what is at most thick and thin in metres."""
THICK_M, THIN_M = 0.05, 0.008


def step(body: Body, chosen: Rig, axes: Sequence[Array], start: int, landmark: str) -> Array:
    """(3,) metres from a joint to a landmark in the T-pose, in the joint's own axes."""
    return np.asarray(axes[start].T @ (body.rest[landmark] - body.rest[chosen.joints[start].landmark]))


def inverse(own: Array, place: Array) -> Array:
    """(4, 4) world to the axes of a joint that stands at `place` in the T-pose."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = own.T, -own.T @ place
    return matrix


def quaternions(turns: Array) -> Array:
    """(T, 4) x, y, z, w without jumps of sign, which would turn the long way round between frames."""
    w_first = quaternion_from_matrix(turns)
    flips = np.where(np.sum(w_first[1:] * w_first[:-1], axis=-1) < 0, -1.0, 1.0)
    signs = np.concatenate([[1.0], np.cumprod(flips)])
    return np.asarray(np.roll(w_first * signs[:, None], -1, axis=-1))


def sticks(body: Body, chosen: Rig) -> tuple[Array, Array, Array]:
    """Corners (N, 3) in the T-pose, their normals (N, 3) and the joint (N,) that each of them moves with."""
    bones = [(j.parent, chosen.joints[j.parent].landmark, j.landmark) for j in chosen.joints if j.parent >= 0]
    bones += [(index, j.landmark, j.end) for index, j in enumerate(chosen.joints) if j.end]
    corners, normals, owners = [], [], []
    for owner, start, end in bones:
        faces = _stick(body.rest[start], body.rest[end])
        corners.append(faces.reshape(-1, 3))
        across = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
        across /= np.linalg.norm(across, axis=-1, keepdims=True)
        normals.append(np.repeat(across, 3, axis=0))
        owners.append(np.full(len(corners[-1]), owner))
    return np.concatenate(corners), np.concatenate(normals), np.concatenate(owners)


def _stick(start: Array, end: Array) -> Array:
    """(8, 3, 3) the triangles of a double pyramid from one place to another, seen from outside."""
    bone = end - start
    length = float(np.linalg.norm(bone))
    along = bone / length
    side = np.cross(along, np.eye(3)[np.argmin(np.abs(along))])
    side /= np.linalg.norm(side)
    thick = np.clip(STICK * length, THIN_M, THICK_M)
    middle, other = start + 0.2 * bone, np.cross(along, side)
    ring = [middle + thick * (np.cos(a) * side + np.sin(a) * other) for a in np.arange(4) * np.pi / 2]
    pairs = [(ring[n], ring[(n + 1) % 4]) for n in range(4)]
    return np.array([[start, b, a] for a, b in pairs] + [[end, a, b] for a, b in pairs])
