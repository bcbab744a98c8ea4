"""Joints under the names that OpenSim's and Pose2Sim's marker sets have for them, in OpenSim's axes.

OpenSim: x forwards, y up, z to the right. Somebody who looks into the camera faces +x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError
from uplift3d.files.guards import listed
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

Array = npt.NDArray[np.float64]

MARKERS = {
    "pelvis": "Hip",
    "torso": "Spine",
    "neck": "Neck",
    "head": "Nose",
    "head_top": "Head",
    "left_toe": "LBigToe",
    "right_toe": "RBigToe",
}
"""Joint → marker. "Head" is the top of the head, as in Pose2Sim's body_25b and Halpe sets."""
for _joint in joint_set("h36m21").joints:
    _side, _, _place = _joint.partition("_")
    if _side in ("left", "right"):
        MARKERS.setdefault(_joint, f"{_side[0].upper()}{_place.title()}")


def to_opensim(motion: Motion3D) -> Array:
    """(T, J, 3) metres of a motion's only person, whose root is known, in OpenSim's axes."""
    assert motion.root is not None, "on_the_ground gives one"
    x, y, z = np.moveaxis((motion.positions[0] + motion.root[0][:, None]).astype(np.float64), -1, 0)
    return np.stack([-z, -y, -x], axis=-1)


def from_markers(names: Sequence[str], places: Array, times: Array, meta: Mapping[str, Any]) -> Motion3D:
    """The motion of one person from markers; `observed` is False throughout.

    Args:
        names: of the markers, in any order; others than `MARKERS` are left out.
        places: (T, M, 3) metres, OpenSim's axes, NaN where a marker was not seen.
        times: (T,) seconds.
        meta: see `Motion3D`.

    Raises:
        InputError: markers are missing; they are named.
    """
    body, whole = joint_set("h36m17").joints, joint_set("h36m21").joints
    if missing := [MARKERS[joint] for joint in body if MARKERS[joint] not in names]:
        raise InputError(f"markers {listed(missing)} missing; it has {listed(names)}")
    joints = whole if all(MARKERS[joint] in names for joint in whole) else body
    forward, up, right = np.moveaxis(
        places[:, [list(names).index(MARKERS[joint]) for joint in joints]], -1, 0
    )
    camera = np.stack([-right, -up, -forward], axis=-1)
    return Motion3D(
        positions=(camera - camera[:, :1])[None].astype(np.float32),
        times=times,
        root=camera[None, :, 0].astype(np.float32),
        observed=np.zeros((1, len(times)), dtype=bool),
        joints="h36m21" if joints is whole else "h36m17",
        meta={**meta, "level": True},
    )
