"""2D poses to the numbers a network was trained with.

Axes: n poses of a clip in the order of time, J joints. Everything here is numpy; `train/inputs.py` is the
batched torch twin of `normalise_person`, tested equal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from uplift3d import camera
from uplift3d.arrays import BoolArray, DoubleArray, FloatArray
from uplift3d.skeletons import joint_set

# Typical projected distance of each joint from the pelvis, in metres, for people who stand, walk and gesture.
# A joint's image distance divided by it estimates the person's size in pixels per metre, whichever joints are
# seen; the hips are too near the pelvis to tell anything.
TYPICAL_DISTANCE_M: Mapping[str, float] = {
    "torso": 0.24,
    "neck": 0.48,
    "head": 0.58,
    "head_top": 0.69,
    "left_shoulder": 0.46,
    "right_shoulder": 0.46,
    "left_elbow": 0.40,
    "right_elbow": 0.40,
    "left_wrist": 0.40,
    "right_wrist": 0.40,
    "left_knee": 0.42,
    "right_knee": 0.42,
    "left_ankle": 0.74,
    "right_ankle": 0.74,
}
# The size is averaged over this long on either side, so that it follows a person who walks towards the camera
# but not one who crouches or lifts an arm.
SIZE_HALF_WIDTH_S = 1.75
# A pose with fewer of the joints above is no observation: the network fills it in like any unseen moment.
MIN_JOINTS = 6


def channel_names(confidence: bool, hint: bool) -> tuple[str, ...]:
    """What a network's input holds for every joint, in order.

    x, y: see `normalise_person` and `normalise_screen`; confidence 0 … 1; hint: the picture's own guess in
    metres from the pelvis and whether there is one (0 or 1). All are 0 where a joint or its hint is unseen.
    """
    names = ["x", "y"]
    names += ["confidence"] if confidence else []
    names += ["hint_x", "hint_y", "hint_z", "hint_seen"] if hint else []
    return tuple(names)


def mirror(poses: FloatArray, joints: str) -> FloatArray:
    """2D poses, 3D poses or network input (…, J, channels) as in a mirror: left and right change places."""
    out = poses[..., list(joint_set(joints).mirror), :].copy()
    out *= np.asarray(mirror_signs(out.shape[-1]), out.dtype)
    return out


def mirror_signs(channels: int) -> tuple[int, ...]:
    """Signs of the numbers of a joint in a mirror: of 2D or 3D positions, or of a network's input.

    What points to the right changes its sign: the first number, and of an input with hints theirs too.
    """
    sideways = {0, channels - 4} if channels >= 6 else {0}
    return tuple(-1 if channel in sideways else 1 for channel in range(channels))


def person_size(poses: FloatArray, seen: BoolArray, joints: str) -> tuple[FloatArray, BoolArray]:
    """Size of the person in every pose, in image units per metre, and whether it could be told.

    Root mean square over the seen joints of (distance from the pelvis / `TYPICAL_DISTANCE_M`).

    Args:
        poses: (n, J, 2) joints relative to the pelvis, any image unit.
        seen: (n, J).
        joints: name of the joint set.

    Returns:
        size (n,) and usable (n,): the pelvis and at least `MIN_JOINTS` of the joints in the table are seen.
    """
    weights = inverse_distances(joints)
    used = seen & (weights > 0)
    count = used.sum(axis=-1)
    squares = np.where(used, (poses**2).sum(axis=-1) * weights**2, 0).sum(axis=-1)
    size = np.sqrt(squares / np.maximum(count, 1))
    pelvis = joint_set(joints).joints.index("pelvis")
    return size, seen[:, pelvis] & (count >= MIN_JOINTS) & (size > 0)


def inverse_distances(joints: str) -> FloatArray:
    """(J,) 1 / typical distance of every joint of the set, 0 for joints that tell nothing about the size."""
    table = [
        1 / TYPICAL_DISTANCE_M[name] if name in TYPICAL_DISTANCE_M else 0.0
        for name in joint_set(joints).joints
    ]
    return np.array(table, dtype=np.float32)


def relative_to_pelvis(positions: FloatArray, joints: str) -> tuple[FloatArray, BoolArray]:
    """Joints (n, J, 2), NaN where unseen → relative to the pelvis (n, J, 2), 0 where unseen, and seen (n, J).

    Without the pelvis nothing of a pose counts as seen.
    """
    pelvis = joint_set(joints).joints.index("pelvis")
    relative = positions - positions[:, pelvis : pelvis + 1]
    seen = np.isfinite(relative).all(axis=-1)
    return np.where(seen[..., None], relative, np.float32(0)), seen


def normalise_person(positions: FloatArray, joints: str, spacing_s: float) -> tuple[FloatArray, BoolArray]:
    """2D poses relative to the person: neither camera, crop, resolution nor place in the image matter.

    Every pose is taken relative to its own pelvis and divided by the person's size (see `person_size`)
    averaged over the observed tokens within `SIZE_HALF_WIDTH_S`, so one unit is about a metre on the person.

    Args:
        positions: (n, J, 2) pixels on the token grid, NaN where unseen.
        joints: name of the joint set.
        spacing_s: seconds between tokens.

    Returns:
        poses (n, J, 2), 0 for unseen joints and unusable poses, and usable (n,).
    """
    relative, seen = relative_to_pelvis(positions, joints)
    size, usable = person_size(relative, seen, joints)
    half = round(SIZE_HALF_WIDTH_S / spacing_s)
    mean = _sliding_mean(np.where(usable, size, 0), usable, half)
    scale = np.where(usable, 1 / np.maximum(mean, np.finfo(np.float32).tiny), 0)
    return (relative * scale[:, None, None]).astype(np.float32), usable


def normalise_screen(positions: FloatArray, image_size: tuple[int, int]) -> tuple[FloatArray, BoolArray]:
    """The published input: x / w · 2 - 1 and y / w · 2 - h / w, aspect kept.

    Args:
        positions: (n, J, 2) pixels, NaN where unseen.
        image_size: (width, height) in pixels.

    Returns:
        poses (n, J, 2), 0 for unseen joints, and usable (n,): at least one joint is seen.
    """
    seen = np.asarray(np.isfinite(positions).all(axis=-1))
    poses = camera.normalise_screen(positions, image_size)
    return np.where(seen[..., None], poses, 0).astype(np.float32), np.asarray(seen.any(axis=-1))


def _sliding_mean(values: FloatArray, weights: BoolArray, half: int) -> DoubleArray:
    """Mean of the weighted entries within `half` places on either side, 0 where there are none."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    count = np.concatenate([[0], np.cumsum(weights)])
    place = np.arange(len(values))
    low, high = np.maximum(place - half, 0), np.minimum(place + half + 1, len(values))
    mean: DoubleArray = (total[high] - total[low]) / np.maximum(count[high] - count[low], 1)
    return mean
