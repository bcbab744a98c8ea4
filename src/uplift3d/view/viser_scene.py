"""What both viser viewers draw with: a server, the bones of a person, the camera.

Needs `pip install 'uplift3d[live]'`. Axes: J joints, B bones. Display axes (`stage`) are x right, y away, z
up, in metres.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import viser
from PIL import ImageColor

from uplift3d.arrays import AnyArray, DoubleArray
from uplift3d.camera import Camera
from uplift3d.rotations import quaternion_from_matrix
from uplift3d.skeletons import JointSet
from uplift3d.view.colours import LEFT, RIGHT, trunk_colour
from uplift3d.view.stage import bone_radii_m, bone_sides

FRUSTUM_M = 0.6


def serve(host: str, port: int, title: str) -> Any:
    """A server of an empty scene, z up; the next free port is taken where this one is not."""
    with redirect_stdout(io.StringIO()):  # numbers may go there
        server = viser.ViserServer(host=host, port=port, label=title, verbose=False)
    server.scene.set_up_direction("+z")
    return server


def address_of(server: Any) -> str:
    """Where a browser finds it."""
    return f"http://{server.get_host()}:{server.get_port()}"


def stop(server: Any) -> None:
    """Stop serving."""
    with redirect_stdout(io.StringIO()):
        server.stop()


def add_person(server: Any, person: int, index: int, joints: JointSet, pose: AnyArray) -> Any:
    """The bones of a pose (J, 3), in colours of side and, for the `index`-th person, of the trunk."""
    colours = {"left": LEFT, "right": RIGHT, "middle": trunk_colour(index)}
    rgb = np.array([ImageColor.getrgb(colours[side])[:3] for side in bone_sides(joints)])
    return server.scene.add_line_segments(
        f"/person {person}",
        points=bone_lines(joints, pose),
        colors=np.repeat(_linear(rgb)[:, None], 2, axis=1),
        thickness=float(2 * np.median(bone_radii_m(joints))),
    )


def bone_lines(joints: JointSet, pose: AnyArray) -> AnyArray:
    """(B, 2, 3) ends of the bones of a pose (J, 3)."""
    return np.asarray(pose[np.array(joints.bones)], dtype=np.float32)


def add_camera(
    server: Any, seen: Camera, R_display_camera: DoubleArray, camera_m: DoubleArray, size_m: float = FRUSTUM_M
) -> Any:
    """The camera where it stands, looking as it looks; its image size is known."""
    assert seen.image_size is not None
    width, height = seen.image_size
    return server.scene.add_camera_frustum(
        "/camera",
        fov=float(2 * np.arctan(height / 2 / seen.focal_px[1])),
        aspect=width / height,
        scale=size_m,
        wxyz=quaternion(R_display_camera),
        position=tuple(camera_m.tolist()),
    )


def quaternion(rotation: DoubleArray) -> tuple[float, ...]:
    """(w, x, y, z) of a rotation matrix (3, 3)."""
    return tuple(float(value) for value in quaternion_from_matrix(rotation))


def _linear(rgb: AnyArray) -> AnyArray:
    """sRGB as bytes → linear light as bytes, which viser takes the colours of lines for."""
    share = rgb / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.round(255 * light), dtype=np.uint8)
