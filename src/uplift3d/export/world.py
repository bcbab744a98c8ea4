"""Files in world axes: z up, the origin on the ground where the first person starts.

Inside the package motions stay in camera axes. A file in world axes says how the camera stood
(`meta["world"]`), and reading turns it back, so that nobody who is given a motion has to ask for its axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray
from uplift3d.errors import InputError
from uplift3d.export.meta import AXES
from uplift3d.post.ground import CAMERA_AXES_IN_WORLD, NOTED_UP, CameraPose, camera_pose
from uplift3d.types import Motion3D

Axes = Literal["camera", "world"]
WORLD_FORMATS = (".npz", ".json", ".csv", ".parquet")
"""The others have axes of their own."""
WORLD = "world"
WORLD_AXES = (
    "world axes: x right and y away as the camera sees it, z up, the origin on the ground below the first "
    "person's first pelvis; positions are relative to the person's pelvis, root is the pelvis from the origin"
)
OF_UNKNOWN_CAMERA: Mapping[str, Any] = {"axes": WORLD_AXES, WORLD: {}}
"""`meta` of a file in world axes that has no place for the camera's pose."""
ROTATED = 1e-4
"""How far R R^T may be from the identity."""


def check_axes(axes: str) -> None:
    """InputError for others than `Axes`."""
    if axes not in get_args(Axes):
        raise InputError(f"axes {axes!r} given; accepted are {', '.join(get_args(Axes))}")


def to_world(motion: Motion3D) -> Motion3D:
    """What a file in world axes holds: positions and root turned, and in `meta` the way back."""
    pose = camera_pose(motion)
    noted = {
        "R_camera_world": pose.R_camera_world.tolist(),
        "t_camera_world": pose.t_camera_world.tolist(),
        "camera_axes": motion.meta.get("axes", AXES),
    }
    root = None if motion.root is None else _turned(motion.root - pose.t_camera_world, pose.R_camera_world.T)
    positions = _turned(motion.positions, pose.R_camera_world.T)
    up = {NOTED_UP: [0.0, 0.0, 1.0]} if NOTED_UP in motion.meta else {}
    meta = {**motion.meta, **up, "axes": WORLD_AXES, WORLD: noted}
    return replace(motion, positions=positions, root=root, meta=meta)


def from_world(motion: Motion3D) -> Motion3D:
    """The inverse of `to_world`; any other motion as it is.

    Where the file does not say how the camera stood, it is a level camera at the origin.

    Raises:
        InputError: what `meta["world"]` says is no camera's pose.
    """
    noted = motion.meta.get(WORLD)
    if noted is None:
        return motion
    meta = {key: value for key, value in motion.meta.items() if key != WORLD}
    if noted == {}:
        pose, meta = CameraPose(CAMERA_AXES_IN_WORLD.T, np.zeros(3)), {**meta, "axes": AXES, "level": True}
    else:
        pose, meta = _pose(noted), {**meta, "axes": noted.get("camera_axes", AXES)}
    if NOTED_UP in meta:
        meta[NOTED_UP] = pose.R_camera_world[:, 2].round(6).tolist()
    root = None
    if motion.root is not None:
        root = (_turned(motion.root, pose.R_camera_world) + pose.t_camera_world).astype(np.float32)
    return replace(motion, positions=_turned(motion.positions, pose.R_camera_world), root=root, meta=meta)


def _turned(vectors: FloatArray | DoubleArray, rotation: DoubleArray) -> FloatArray:
    return np.asarray(vectors @ rotation.T, dtype=np.float32)


def _pose(noted: Any) -> CameraPose:
    try:
        if not isinstance(noted, Mapping):
            raise TypeError("no object")
        rotation = np.array(noted["R_camera_world"], dtype=np.float64)
        place = np.array(noted["t_camera_world"], dtype=np.float64)
        if rotation.shape != (3, 3) or place.shape != (3,) or not np.isfinite(place).all():
            raise ValueError("wrong shapes")
        if not (np.abs(rotation @ rotation.T - np.eye(3)).max() < ROTATED and np.linalg.det(rotation) > 0):
            raise ValueError("no rotation")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"meta 'world' does not say how the camera stood ({error}); expected are R_camera_world, a "
            "rotation, and t_camera_world in metres"
        ) from error
    return CameraPose(rotation, place)
