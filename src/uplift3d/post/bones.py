"""One length for every bone of a person.

Axes: P people, T times, J joints.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from uplift3d.arrays import RealArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.post.pace import SHORT, even_pace
from uplift3d.skeletons import JointSet, joint_set
from uplift3d.types import Motion3D
from uplift3d.types.motion import OF_PEOPLE


def fix_bones(motion: Motion3D, lengths_m: RealArray | None = None) -> Motion3D:
    """The motion with constant bone lengths: every bone keeps its direction and takes `bone_lengths_m`.

    Poses are put together from the pelvis outwards. Where a bone is much too short for a moment its
    direction is an average over a fast turn, which is made at an even pace (`pace.even_pace`). A bone that is
    a point in some pose has no direction there; its joint stays on its parent.

    Args:
        motion: any motion.
        lengths_m: (P, J) lengths to take, where they are known from more than this motion.
    """
    joints = joint_set(motion.joints)
    positions, fixed = motion.positions, motion.positions.astype(np.float64)
    lengths = bone_lengths_m(motion) if lengths_m is None else lengths_m  # (P, J)
    for joint in outwards(joints):  # one by one, for the memory of long motions
        parent = joints.parents[joint]
        bone = positions[:, :, joint].astype(np.float64) - positions[:, :, parent]  # (P, T, 3)
        norm = np.linalg.norm(bone, axis=-1, keepdims=True)
        direction = np.divide(bone, norm, out=np.where(norm == 0, 0.0, bone), where=norm > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = norm[..., 0] / lengths[:, joint, None]
        for person in np.flatnonzero((shares < SHORT).any(axis=1)):
            direction[person] = even_pace(direction[person], shares[person], motion.times)
        fixed[:, :, joint] = fixed[:, :, parent] + direction * lengths[:, None, joint, None]
    return replace(motion, positions=fixed.astype(np.float32))


def bone_lengths_m(motion: Motion3D) -> RealArray:
    """(P, J) length of the bone that ends in each joint, the same on both sides; 0 at the tree's root.

    The median over the poses of a person, each weighted by the time it stands for; then the mean of left and
    right. NaN for a person who is never there.
    """
    joints = joint_set(motion.joints)
    weights = durations_s(motion.times)
    lengths = np.zeros((len(motion.people), len(joints)))
    for parent, child in joints.bones:
        norm = np.linalg.norm(motion.positions[:, :, child] - motion.positions[:, :, parent], axis=-1)
        lengths[:, child] = [_weighted_median(person, weights) for person in norm]
    both: RealArray = (lengths + lengths[:, list(joints.mirror)]) / 2
    return both


def scale_to_height(motion: Motion3D, height_m: float) -> Motion3D:
    """The motion with everybody so tall (`statures_m`), their distances in proportion."""
    check_height(height_m)
    return scaled(motion, height_m / statures_m(motion))


def scaled(motion: Motion3D, factors: RealArray) -> Motion3D:
    """The motion with poses and distances of each person times a factor (P,), which no picture would show."""
    scale = factors[:, None, None]
    root = None if motion.root is None else (motion.root * scale).astype(np.float32)
    sigma = None if motion.sigma_m is None else motion.sigma_m * scale.astype(np.float32)
    positions = (motion.positions * scale[..., None]).astype(np.float32)
    meta = dict(motion.meta)
    if isinstance(said := meta.get(OF_PEOPLE), list) and len(said) == len(motion.people):
        meta[OF_PEOPLE] = [
            None if sigma_m is None else round(float(sigma_m * factor), 4)
            for sigma_m, factor in zip(said, factors, strict=True)
        ]
    return replace(motion, positions=positions, root=root, sigma_m=sigma, meta=meta)


def statures_m(motion: Motion3D) -> RealArray:
    """(P,) height of everybody who would stand up straight, from the usual lengths of their bones.

    Shin and thigh, pelvis to the top of the head, and below the ankle 3.9 % of the height (Winter,
    Biomechanics and Motor Control of Human Movement, figure 4.1).
    """
    joints, lengths = joint_set(motion.joints), bone_lengths_m(motion)
    chain = ("left_ankle", "left_knee", "torso", "neck", "head", "head_top")
    return np.asarray(lengths[:, [joints.index(name) for name in chain]].sum(axis=-1) / (1 - 0.039))


def check_height(height_m: float | None, raw: bool = False) -> None:
    """InputError for what is no person's height, or given where nothing is to be done to poses."""
    if height_m is None:
        return
    if not 0.3 <= height_m <= 3.0:
        raise InputError(f"height_m is {height_m}; accepted are 0.3 … 3 metres (are these centimetres?)")
    if raw:
        raise InputError(f"raw poses are not scaled, but height_m is {height_m:g}; give one of the two")


def outwards(joints: JointSet) -> list[int]:
    """The joints that have a parent, every parent before its children."""
    order = [index for index, parent in enumerate(joints.parents) if parent < 0]
    for joint in order:
        order += [child for parent, child in joints.bones if parent == joint]
    return [joint for joint in order if joints.parents[joint] >= 0]


def durations_s(times: TimeArray) -> RealArray:
    """(T,) seconds that each time stands for: half way to its neighbours; 1 for a single time."""
    if len(times) < 2:
        return np.ones(len(times))
    half = np.diff(times) / 2
    return np.asarray(np.concatenate([half, [0.0]]) + np.concatenate([[0.0], half]))


SAME_SHARE = 1e-6
"""Of the weight: rounding of times moves it by less."""


def _weighted_median(values: RealArray, weights: RealArray) -> float:
    """The value at half of the weight, the mean of two where half lies between them; NaN values do not count,
    NaN when all are. A shift of the times, which rounds weights another way, hardly changes it."""
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    order = np.argsort(values[known])
    share = np.cumsum(weights[known][order])
    share /= share[-1]
    last = len(share) - 1
    middle = np.minimum(np.searchsorted(share, [0.5 - SAME_SHARE, 0.5 + SAME_SHARE]), last)
    return float(values[known][order][middle].mean())
