"""The looks of a stream that are still needed: one key-frame after the other in, `Keypoints2D` out.

Axes: P people, K looks, J joints.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D

FOCAL_KEY = "focal_px_from_metadata"
"""What a look's `meta` says of the camera."""


class Looks:
    """Looks in the order of time; those that nobody needs any more are forgotten."""

    def __init__(self) -> None:
        self._looks: deque[Keypoints2D] = deque()

    def __len__(self) -> int:
        return len(self._looks)

    @property
    def latest_s(self) -> float:
        """Time of the latest look; minus infinity before the first."""
        return float(self._looks[-1].times[0]) if self._looks else -np.inf

    def add(self, time_s: float, look: Keypoints2D) -> None:
        """Take what was seen at a time; nobody may be in it.

        Raises:
            InputError: more or less than one key-frame, of another time, or of other joints or another image
                size than the looks before.
        """
        if not isinstance(look, Keypoints2D):
            raise InputError(
                f"a look is of type {type(look).__name__}; accepted are Keypoints2D of one moment, or None "
                "for a moment that was not looked at"
            )
        if len(look) != 1:
            raise InputError(f"a look holds {len(look)} key-frames; a stream takes one at a time")
        if abs(float(look.times[0]) - time_s) > 1e-6:
            raise InputError(f"the look at {time_s:g} s says that it is of {look.times[0]:g} s")
        if self._looks:
            before = self._looks[-1]
            for name in ("joints", "image_size"):
                if getattr(before, name) != getattr(look, name):
                    raise InputError(
                        f"{name} changes from {getattr(before, name)} to {getattr(look, name)} within a "
                        "stream; flush() ends one and the next push begins another"
                    )
        meta = {key: look.meta[key] for key in (FOCAL_KEY,) if key in look.meta}
        self._looks.append(replace(look, meta=meta, video_times=None))

    def forget(self, before_s: float) -> None:
        """Drop looks from before that time, but for the latest."""
        while len(self._looks) > 1 and self._looks[0].times[0] < before_s:
            self._looks.popleft()

    def keypoints(self) -> Keypoints2D:
        """Everybody in the looks that are left (at least one), in the order of appearance."""
        rows: dict[int, int] = {}
        for look in self._looks:
            for person in look.people.tolist():
                rows.setdefault(person, len(rows))
        latest, joints = self._looks[-1], len(joint_set(self._looks[-1].joints))
        shape = (len(rows), len(self._looks), joints)
        positions = np.full((*shape, 2), np.nan, dtype=np.float32)
        confidence = np.zeros(shape, dtype=np.float32)
        hints = any(look.depth_hint is not None for look in self._looks)
        hint = np.full((*shape, 3), np.nan, dtype=np.float32) if hints else None
        for k, look in enumerate(self._looks):
            into = [rows[person] for person in look.people.tolist()]
            positions[into, k], confidence[into, k] = look.positions[:, 0], look.confidence[:, 0]
            if hint is not None and look.depth_hint is not None:
                hint[into, k] = look.depth_hint[:, 0]
        times = np.array([look.times[0] for look in self._looks])
        return replace(
            latest,
            positions=positions,
            confidence=confidence,
            times=times,
            people=np.array(list(rows), dtype=np.int64),
            depth_hint=hint,
        )
