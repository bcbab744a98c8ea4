"""Joints pulled towards where they were seen.

A network's poses are a little off its own 2D input. How far joints are pulled was chosen on one half of the
held-out mocap films, the other half is in docs/quality.md. Axes: K key-frames, T times, J joints.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from uplift3d.arrays import DoubleArray, RealArray, TimeArray
from uplift3d.camera import Camera
from uplift3d.post.bones import outwards
from uplift3d.post.resample import blocks, interpolate, stretches
from uplift3d.post.root import NEAREST_M, seen_joints
from uplift3d.skeletons import JointSet, joint_set
from uplift3d.types import Keypoints2D, Motion3D

GAIN = 0.4
"""Share of the way that joints are pulled: 2D joints have errors of their own."""
MOST_M = 0.15
"""A joint seen farther off than this is pulled no more."""
SPREAD_S = 0.1
"""Standard deviation of the window in time that takes out the noise of 2D joints."""
STAY = ("pelvis", "hip", "torso")
"""How the names of joints end that are not pulled: bones here are so short that noise would turn them."""


def reproject(motion: Motion3D, keypoints: Keypoints2D, camera: Camera) -> Motion3D:
    """The motion with joints nearer to where key-frames show them; bones keep their lengths.

    At every key-frame a joint is moved at right angles to the optical axis towards its 2D place, by `GAIN` of
    the way; moves are averaged over `SPREAD_S` and joined by straight lines, then every bone takes its length
    again. People without a root stay as they are.

    Args:
        motion: positions and root in the axes of `camera`.
        keypoints: the same people at key-frames.
        camera: intrinsics.
    """
    if motion.root is None:
        return motion
    joints = joint_set(motion.joints)
    pulled = motion.positions.copy()
    for person in range(len(motion.people)):
        pixels, weights = seen_joints(keypoints, person, motion.joints)
        there = motion.present[person] & np.isfinite(motion.root[person]).all(axis=-1)
        for part in stretches(there):
            times = motion.times[part]
            inside = (keypoints.times >= times[0]) & (keypoints.times <= times[-1])
            if not inside.any():
                continue
            moments = keypoints.times[inside]
            for joint, name in enumerate(joints.joints):  # one by one: clips may be hours long
                seen = weights[inside, joint] > 0
                if name.endswith(STAY) or not seen.any():
                    continue
                path = motion.positions[person, part, joint].astype(np.float64) + motion.root[person, part]
                places = interpolate(times, path, moments)[seen]
                moves = _averaged(moments[seen], _moves(places, pixels[inside, joint][seen], camera))
                pulled[person, part, joint] += GAIN * interpolate(moments[seen], moves, times)
    fixed = np.empty_like(pulled)
    for rows in blocks(slice(0, len(motion))):
        fixed[:, rows] = _with_lengths(pulled[:, rows], motion.positions[:, rows], joints)
    return replace(motion, positions=fixed)


def _moves(places: DoubleArray, pixels: RealArray, camera: Camera) -> DoubleArray:
    """(K, 3) metres from places (K, 3) to where they are seen at their depth, `MOST_M` at most."""
    usable = (places[:, 2] > NEAREST_M)[:, None]
    rays = camera.rays(pixels)
    moves = np.where(usable, rays / rays[:, 2:] * places[:, 2:] - places, 0)
    size = np.linalg.norm(moves, axis=-1, keepdims=True)
    return np.asarray(moves * np.minimum(1, MOST_M / np.maximum(size, MOST_M)))


def _averaged(moments: TimeArray, values: DoubleArray) -> DoubleArray:
    """(K, 3) each with its neighbours in time, under a bell-shaped window of `SPREAD_S`."""
    total, weights = values.copy(), np.ones(len(moments))
    for step in range(1, len(moments)):
        gap = moments[step:] - moments[:-step]
        if gap.min() > 3 * SPREAD_S:
            break
        weight = np.exp(-0.5 * (gap / SPREAD_S) ** 2)
        total[step:] += weight[:, None] * values[:-step]
        total[:-step] += weight[:, None] * values[step:]
        weights[step:] += weight
        weights[:-step] += weight
    return np.asarray(total / weights[:, None])


def _with_lengths(pulled: RealArray, positions: RealArray, joints: JointSet) -> RealArray:
    """Positions (P, T, J, 3) with the directions of the first and the bone lengths of the second."""
    out, pulled = positions.astype(np.float64), pulled.astype(np.float64)
    for joint in outwards(joints):
        parent = joints.parents[joint]
        bone = pulled[:, :, joint] - pulled[:, :, parent]
        size = np.linalg.norm(bone, axis=-1, keepdims=True)
        own = np.linalg.norm(positions[:, :, joint] - positions[:, :, parent], axis=-1, keepdims=True)
        out[:, :, joint] = out[:, :, parent] + bone * np.where(size > 0, own / np.maximum(size, 1e-9), 0)
    return out.astype(np.float32)
