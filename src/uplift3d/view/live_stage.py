"""Where people stand while they are being lifted: display axes that settle within seconds.

The same as `stage` for a motion that is not over: which way is up and where the floor is are found from the
last poses, and found again once a second. Axes: J joints.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.camera import Camera
from uplift3d.post import posture_up
from uplift3d.post.posture import CAMERA_UP
from uplift3d.rotations import matrix_aligning
from uplift3d.types import Motion3D
from uplift3d.view.sheet import camera_of
from uplift3d.view.stage import NARROWEST_PLACE_M, to_display_axes

SAMPLES = 100
"""So many of the last poses tell which way is up."""
EVERY_S = 0.2
"""Between two of them."""
AGAIN_S = 1.0
FLOOR_PERCENTILE = 5.0
"""Of the lowest joint: few poses are known, so one bad one counts for more than in `stage`."""
FORGET_S = 10.0
"""Somebody who was away for so long gives up their place."""


@dataclass(frozen=True)
class Standing:
    """Somebody at one moment."""

    person: int
    index: int
    """Which of the people here they are: their colour, and their place where nobody knows where they are."""
    pose_m: DoubleArray
    """(J, 3) in display axes."""
    observed: bool
    """Whether a 2D pose was measured at this moment."""


class LiveStage:
    """Turns chunks of a stream's motion to display axes: x right, y away from the viewer, z up, metres."""

    def __init__(self) -> None:
        self._poses: deque[tuple[DoubleArray, DoubleArray]] = deque(maxlen=SAMPLES)
        self._sampled_s = self._settled_s = -np.inf
        self._seen_s: dict[int, float] = {}
        self._places: dict[int, int] = {}
        self._level = np.eye(3)
        self._floor_m = {True: 0.0, False: 0.0}  # by whether people's places are known
        self.camera: Camera | None = None
        """The camera, as far as anybody knows."""

    def camera_pose(self) -> tuple[DoubleArray, DoubleArray]:
        """Rotation camera axes → display axes (3, 3), and where the camera stands (3,) in display axes."""
        return to_display_axes(self._level.T).T, np.array([0.0, 0.0, -self._floor_m[True]])

    def place(self, chunk: Motion3D) -> list[Standing]:
        """Everybody who is there at the last moment of a chunk, which has one."""
        time_s = float(chunk.times[-1])
        roots = np.full((len(chunk.people), 3), np.nan) if chunk.root is None else chunk.root[:, -1]
        here = np.flatnonzero(chunk.present[:, -1]).tolist()
        if here:
            self.camera = camera_of(chunk)
        poses = {row: chunk.positions[row, -1].astype(np.float64) for row in here}
        if time_s - self._sampled_s >= EVERY_S and here:
            self._poses.extend((poses[row], roots[row].astype(np.float64)) for row in here)
            self._sampled_s = time_s
        if time_s - self._settled_s >= AGAIN_S and self._poses:
            self._settle(chunk.joints)
            self._settled_s = time_s
        self._seat([int(chunk.people[row]) for row in here], time_s)
        return [
            self._standing(int(chunk.people[row]), poses[row], roots[row], bool(chunk.observed[row, -1]))
            for row in here
        ]

    def _settle(self, joints: str) -> None:
        """Up and floor from the last poses."""
        kept = np.stack([pose for pose, _ in self._poses])[None].astype(np.float32)
        times = np.arange(kept.shape[1], dtype=np.float64) * EVERY_S
        alone = Motion3D(kept, times, None, np.zeros(kept.shape[:2], bool), joints=joints)
        self._level = matrix_aligning(posture_up(alone).direction, CAMERA_UP)
        for known in (True, False):
            lowest = [
                self._raised(pose, root)[:, 2].min()
                for pose, root in self._poses
                if bool(np.isfinite(root).all()) is known
            ]
            if lowest:
                self._floor_m[known] = float(np.percentile(lowest, FLOOR_PERCENTILE))

    def _raised(self, pose: DoubleArray, root: DoubleArray) -> DoubleArray:
        """(J, 3) in display axes, before the floor is taken off."""
        return to_display_axes((pose + np.nan_to_num(root)) @ self._level.T)

    def _seat(self, people: list[int], time_s: float) -> None:
        self._seen_s.update(dict.fromkeys(people, time_s))
        gone = [who for who, seen_s in self._seen_s.items() if time_s - seen_s > FORGET_S]
        for who in gone:
            del self._seen_s[who], self._places[who]
        for who in people:
            if who not in self._places:
                self._places[who] = min(set(range(len(self._places) + 1)) - set(self._places.values()))

    def _standing(self, person: int, pose: DoubleArray, root: DoubleArray, observed: bool) -> Standing:
        known, index = bool(np.isfinite(root).all()), self._places[person]
        placed = self._raised(pose, root) - np.array([0.0, 0.0, self._floor_m[known]])
        if not known:
            placed[:, 0] += 1.5 * NARROWEST_PLACE_M * index
        return Standing(person, index, placed, observed)
