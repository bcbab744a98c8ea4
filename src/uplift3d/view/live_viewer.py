"""A stream in a window to walk around in: people where they are now, and how it goes (viser).

Needs `pip install 'uplift3d[live]'`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from uplift3d.arrays import Image
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D
from uplift3d.view.live_stage import LiveStage, Standing
from uplift3d.view.viser_scene import add_camera, add_person, address_of, bone_lines, quaternion, serve, stop

MOST_HZ = 30.0
"""Pictures per second; what comes in between is not shown."""
EYE_M = (1.5, -1.5, 2.2)
"""Where people are looked at from: behind the camera and to its right, or nearer where they are far away."""
FARTHEST_M = 6.5
CAMERA_M = 0.25
"""Size of the camera, which stands before people."""
PICTURE_PX = 320
"""Longer side of the camera's picture in the panel."""


class LiveViewer:
    """Shows chunks of motion as they come; an `export.sinks.Sink`.

    Args:
        host, port: where to serve; the next free port is taken where this one is not.
        title: of the browser's tab.
    """

    def __init__(self, host: str = "localhost", port: int = 8080, title: str = "uplift3d stream") -> None:
        self.server = serve(host, port, title)
        self.stage = LiveStage()
        self.server.scene.add_grid("/ground", infinite_grid=True, cell_size=0.5, section_size=1.0)
        self.status = self.server.gui.add_markdown("waiting for the first picture")
        self.who = self.server.gui.add_markdown("")
        self.picture: Any = None
        self._look_from(4.0)
        self._bones: dict[tuple[int, int], Any] = {}
        self._camera: Any = None
        self._size: tuple[int, int] | None = None
        self._drawn_s = -np.inf
        self._met = False

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return address_of(self.server)

    def write(self, chunk: Motion3D) -> None:
        """Show the newest moment of a chunk."""
        if time.monotonic() - self._drawn_s < 1 / MOST_HZ:
            return
        self._drawn_s = time.monotonic()
        people = self.stage.place(chunk)
        with self.server.atomic():
            for gone in set(self._bones) - {(one.person, one.index) for one in people}:
                self._bones.pop(gone).remove()
            for one in people:
                self._draw(one, chunk.joints)
            self._draw_camera()
        self.who.content = "<br>".join(
            f"person {one.person}: {'2D pose measured' if one.observed else 'filled in'}" for one in people
        )
        if people and not self._met:
            self._met = True
            self._look_from(float(people[0].pose_m[:, 1].mean()))

    def show(self, rgb: Image) -> None:
        """Show what the camera sees, (H, W, 3) uint8."""
        step = -(-max(rgb.shape[:2]) // PICTURE_PX)
        small = np.ascontiguousarray(rgb[::step, ::step])
        if self.picture is None:
            self.picture = self.server.gui.add_image(small, label="the last look", format="jpeg")
        else:
            self.picture.image = small

    def say(self, words: str) -> None:
        """Show how it goes."""
        self.status.content = "<br>".join(words.split(", "))

    def close(self) -> None:
        """Stop serving."""
        stop(self.server)

    def _draw(self, one: Standing, joints: str) -> None:
        known = self._bones.get((one.person, one.index))
        if known is None:
            bones = add_person(self.server, one.person, one.index, joint_set(joints), one.pose_m)
            self._bones[one.person, one.index] = bones
        else:
            known.points = bone_lines(joint_set(joints), one.pose_m)

    def _draw_camera(self) -> None:
        seen = self.stage.camera
        if seen is None or seen.image_size is None:
            return
        turn, place_m = self.stage.camera_pose()
        if self._camera is None or self._size != seen.image_size:  # new, or turned
            self._camera = add_camera(self.server, seen, turn, place_m, CAMERA_M)
            self._size = seen.image_size
        self._camera.wxyz, self._camera.position = quaternion(turn), tuple(place_m.tolist())

    def _look_from(self, away_m: float) -> None:
        """Look the way the camera looks, at people so far away, in this and every later browser."""
        eye = (EYE_M[0], max(EYE_M[1], away_m - FARTHEST_M), EYE_M[2])
        views = [client.camera for client in self.server.get_clients().values()]
        for view in (self.server.initial_camera, *views):
            view.position, view.look_at = eye, (0.0, away_m, 0.9)
