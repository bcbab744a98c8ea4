"""A motion in a window of its own to walk around in: people, ground, the camera and what it saw (viser).

viser serves a page on this machine; the browser draws. Needs `pip install 'uplift3d[live]'`. Axes: P people,
T times, B bones. Display axes (`stage`) are x right, y away, z up, in metres.
"""

from __future__ import annotations

import io
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from uplift3d.arrays import AnyArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D
from uplift3d.video import FrameSource, nearest_frames
from uplift3d.view.overlay import at_frames, find_video, opened_for
from uplift3d.view.sheet import camera_of
from uplift3d.view.stage import motion_title, set_stage
from uplift3d.view.viser_scene import add_camera, add_person, address_of, bone_lines, serve, stop

MOST_PICTURES = 400
PICTURE_PX = (480, 480)
SPEEDS = {"0.1 ×": 0.1, "0.25 ×": 0.25, "0.5 ×": 0.5, "1 ×": 1.0, "2 ×": 2.0}
LONGEST_WAIT_S = 0.03


@dataclass(frozen=True)
class Pictures:
    """Small frames of a video, as JPEG, so that a long one fits into memory."""

    times: TimeArray
    """(n,) seconds."""
    jpegs: list[bytes]

    @classmethod
    def of(cls, motion: Motion3D, video: FrameSource) -> Pictures:
        """Frames evenly over the motion, as many as it has times or `MOST_PICTURES`."""
        wanted = motion.times[np.unique(np.linspace(0, len(motion) - 1, MOST_PICTURES).round().astype(int))]
        times, jpegs = [], []
        for frame in video.frames_at(np.unique(nearest_frames(video.times, wanted))):
            image = Image.fromarray(frame.rgb)
            image.thumbnail(PICTURE_PX, reducing_gap=2)
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=80)
            times.append(frame.time_s)
            jpegs.append(buffer.getvalue())
        return cls(np.array(times), jpegs)

    def at(self, time_s: float) -> tuple[int, AnyArray] | None:
        """Number and RGB of the last one not later than a time; None before the first."""
        number = int(np.searchsorted(self.times, time_s + 1e-3, side="right")) - 1
        if number < 0:
            return None
        return number, np.asarray(Image.open(io.BytesIO(self.jpegs[number])).convert("RGB"))


def pictures_of(motion: Motion3D, video: str | os.PathLike[str] | None = None) -> Pictures | None:
    """Pictures of a video, or of the one that the motion's meta names if it is still there.

    Raises:
        InputError: a video was given that is none, or not of this motion.
    """
    try:
        with opened_for(motion, find_video(motion, video)) as frames:
            at_frames(motion, frames)
            return Pictures.of(motion, frames)
    except InputError:
        if video is not None:
            raise
        return None


class Viewer:
    """A served motion.

    Args:
        motion: what to show; it has a pose.
        pictures: of its video, for the camera to show.
        host, port: where to serve; the next free port is taken where this one is not.
        title: of the browser's tab; by default the name of what the motion was made from.
    """

    def __init__(
        self,
        motion: Motion3D,
        pictures: Pictures | None = None,
        host: str = "localhost",
        port: int = 8080,
        title: str | None = None,
    ) -> None:
        self.motion, self.pictures = motion, pictures
        self.joints = joint_set(motion.joints)
        self.stage = set_stage(motion)
        label = title or motion_title(motion)
        self.server: Any = serve(host, port, label)
        self.frame, self._picture = -1, -1
        self._add_ground()
        self._bones = [self._add_person(index) for index in range(len(motion.people))]
        self._camera = self._add_camera()
        self._add_controls()
        self.show(0)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return address_of(self.server)

    def show(self, frame: int) -> None:
        """Everybody at one of the motion's times, and what the camera saw then."""
        if frame == self.frame:
            return
        self.frame = frame
        with self.server.atomic():
            for index, bones in enumerate(self._bones):
                pose = self.stage.positions[index, frame]
                there = bool(np.isfinite(pose).all()) and self.visible[index].value
                bones.visible = there
                if there:
                    bones.points = bone_lines(self.joints, pose)
            self._show_picture(float(self.motion.times[frame]))
            self.status.content = self._words(frame)

    def play(self, seconds: float | None = None) -> None:
        """Move the time on while "play" is ticked, for so many seconds or until it is interrupted."""
        end = None if seconds is None else time.monotonic() + seconds
        before = time.monotonic()
        clock = float(self.motion.times[0])
        while end is None or time.monotonic() < end:
            time.sleep(LONGEST_WAIT_S)
            now = time.monotonic()
            if not self.playing.value:
                clock = float(self.motion.times[self._chosen()])
            else:
                clock = self._after(clock, (now - before) * SPEEDS[self.speed.value])
                self.timeline.value = self._frame_at(clock)
            before = now
            self.show(self._chosen())

    def _chosen(self) -> int:
        """The pose that the slider is at, which for a single pose has another end all the same."""
        return min(int(self.timeline.value), len(self.motion) - 1)

    def _after(self, clock: float, step_s: float) -> float:
        first, last = float(self.motion.times[0]), float(self.motion.times[-1])
        return first if clock + step_s > last else clock + step_s

    def _frame_at(self, clock: float) -> int:
        return max(0, int(np.searchsorted(self.motion.times, clock + 1e-6, side="right")) - 1)

    def _add_ground(self) -> None:
        points = self.stage.positions.reshape(-1, 3)
        points = points[np.isfinite(points).all(axis=-1)]
        low, high = points[:, :2].min(axis=0) - 1, points[:, :2].max(axis=0) + 1
        middle = (low + high) / 2
        self.server.scene.add_grid(
            "/ground",
            width=float(high[0] - low[0]),
            height=float(high[1] - low[1]),
            cell_size=0.5,
            section_size=1.0,
            position=(float(middle[0]), float(middle[1]), 0.0),
        )
        # Behind the camera and to its right, so that it is in the picture too.
        nearest = low[1] if self.stage.camera_m is None else min(low[1], self.stage.camera_m[1])
        eye = (float(middle[0]) + 2.5, float(nearest) - 3.0, 2.8)
        self.server.initial_camera.position = eye
        self.server.initial_camera.look_at = (float(middle[0]), float(middle[1]), 0.9)

    def _add_person(self, index: int) -> Any:
        """Their bones, in colours of side and person; where they first are."""
        first = int(np.argmax(self.motion.present[index]))
        pose = np.nan_to_num(self.stage.positions[index, first])
        return add_person(self.server, int(self.motion.people[index]), index, self.joints, pose)

    def _add_camera(self) -> Any:
        """The camera where it stood, looking as it looked; None when nobody knows."""
        seen = camera_of(self.motion)
        if seen is None or seen.image_size is None or self.stage.camera_m is None:
            return None
        return add_camera(self.server, seen, self.stage.R_display_camera, self.stage.camera_m)

    def _add_controls(self) -> None:
        gui, last = self.server.gui, len(self.motion) - 1
        self.status = gui.add_markdown("")
        self.timeline = gui.add_slider("pose", min=0, max=max(last, 1), step=1, initial_value=0)
        self.playing = gui.add_checkbox("play", initial_value=last > 0)
        self.speed = gui.add_dropdown("speed", list(SPEEDS), initial_value="1 ×")
        self.visible = [gui.add_checkbox(f"person {who}", initial_value=True) for who in self.motion.people]
        for box in self.visible:
            box.on_update(lambda _: self._again())
        self.shot = None

    def _again(self) -> None:
        frame, self.frame = self.frame, -1
        self.show(frame)

    def _show_picture(self, time_s: float) -> None:
        found = None if self.pictures is None else self.pictures.at(time_s)
        if found is None or found[0] == self._picture:
            return
        self._picture, rgb = found
        if self._camera is not None:
            self._camera.image = rgb
        if self.shot is None:
            self.shot = self.server.gui.add_image(rgb, label="video", format="jpeg")
        else:
            self.shot.image = rgb

    def _words(self, frame: int) -> str:
        """Time, and who was measured at it."""
        lines = [f"**{self.motion.times[frame]:.2f} s**"]
        for index, who in enumerate(self.motion.people.tolist()):
            state = "2D pose measured" if self.motion.observed[index, frame] else "filled in"
            lines.append(f"person {who}: {state if self.motion.present[index, frame] else 'not in view'}")
        return "<br>".join(lines)

    def close(self) -> None:
        """Stop serving."""
        stop(self.server)
