"""MediaPipe's landmarks as people dump them to JSON, in Python or JavaScript: 33 points per person."""

from __future__ import annotations

from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.detect.files.base import Given, Source, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import MAX_FRAME, Clip, Person, numbers
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.types import Keypoints2D

POSE_KEYS = ("landmarks", "pose_landmarks", "poseLandmarks", "landmark")
WORLD_KEYS = ("worldLandmarks", "pose_world_landmarks", "poseWorldLandmarks", "world_landmarks")
HIPS = [23, 24]
TIME_KEYS = {"timestamp_ms": 1e-3, "timestampMs": 1e-3, "time_s": 1.0}
"""Keys of a frame's time → seconds in their unit."""


class MediaPipeLandmarks:
    """A list of frames, each a person's landmarks, several people's, or an object that has these under one of
    `POSE_KEYS`; x and y are shares of the image's width and height. The same people's points in metres, under
    one of `WORLD_KEYS`, become the depth hint. Implements `KeypointFormat`.
    """

    name = "MediaPipe landmarks .json"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`: the first frame with somebody in it decides."""
        people = next((people for people in map(_people, _frames(source.json)) if people), [])
        return bool(people)

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = f"{source.path} ({self.name})"
        frames = _frames(source.json)
        times = _times(frames, where)
        rate_hz, size = rate_and_size(where, given, None if times is None else 1.0, None)
        everybody = {
            number: _persons(frame, np.array(size, dtype=np.float64), where)
            for number, frame in enumerate(frames)
        }
        layout = layout_of(where, 33, given.joints, by_count={33: "blazepose33"})
        meta = {"source": source.path.name, "detector": self.name}
        clip = Clip(where, everybody, layout, rate_hz, size, meta, times)
        return clip.keypoints()


def _frames(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.get("frames")
    return value if isinstance(value, list) else []


def _people(frame: Any, keys: tuple[str, ...] = POSE_KEYS) -> list[Any]:
    """The people of a frame, each a list of landmarks; nobody where it is anything else."""
    if isinstance(frame, dict):
        frame = next((frame[key] for key in keys if key in frame), None)
        if isinstance(frame, dict):  # {"pose_landmarks": {"landmark": [...]}}
            frame = frame.get("landmark")
    if not isinstance(frame, list) or not frame:
        return []
    if _is_landmark(frame[0]):
        return [frame]
    people = [one.get("landmark") if isinstance(one, dict) else one for one in frame]
    return [one for one in people if isinstance(one, list) and one and _is_landmark(one[0])]


def _is_landmark(value: Any) -> bool:
    return isinstance(value, dict) and "x" in value and "y" in value


def _persons(frame: Any, size: DoubleArray, where: str) -> list[Person]:
    people, hints = _people(frame), _hints(frame, where)
    if hints and len(hints) != len(people):
        raise InputError(
            f"{where}: a frame has landmarks of {len(people)} people and world landmarks of {len(hints)}; "
            "both must be of the same ones"
        )
    persons = []
    for number, landmarks in enumerate(people):
        shares = _points(landmarks, "xy", where)
        sure = numbers([one.get("visibility", 1.0) for one in landmarks], f"{where}: visibility")
        if sure.shape != (33,):
            raise InputError(f"{where}: {quoted(landmarks[0])} is no landmark")
        persons.append(Person(shares * size, sure, hint=hints[number] if hints else None))
    return persons


def _hints(frame: Any, where: str) -> list[DoubleArray]:
    """(33, 3) metres from the middle of the hips for each person of a frame; empty where it has none.

    MediaPipe's axes are a camera's: x right, y down, z away.
    """
    people = _people(frame, WORLD_KEYS) if isinstance(frame, dict) else []
    points = [_points(landmarks, "xyz", where) for landmarks in people]
    known = [np.where(np.isfinite(one), one, np.nan) for one in points]
    return [one - one[HIPS].mean(axis=0) for one in known]


def _points(landmarks: list[Any], axes: str, where: str) -> DoubleArray:
    """(33, n) coordinates of a person's landmarks."""
    known = all(_is_landmark(one) and all(axis in one for axis in axes) for one in landmarks)
    if len(landmarks) != 33 or not known:
        named = " and ".join([", ".join(axes[:-1]), axes[-1]])
        raise InputError(f"{where}: {len(landmarks)} landmarks with {named}; MediaPipe's pose has 33")
    points = numbers([[one[axis] for axis in axes] for one in landmarks], f"{where}: {', '.join(axes)}")
    if points.shape != (33, len(axes)):
        raise InputError(f"{where}: {quoted(landmarks[0])} is no landmark")
    return points


def _times(frames: list[Any], where: str) -> DoubleArray | None:
    """(K,) seconds, where every frame says its time."""
    for key, unit_s in TIME_KEYS.items():
        if frames and all(isinstance(frame, dict) and key in frame for frame in frames):
            times = numbers([frame[key] for frame in frames], f"{where}: {key}") * unit_s
            if times.ndim != 1 or not (np.abs(times) < MAX_FRAME).all():
                raise InputError(f"{where}: {key} must be one number for every frame")
            return times
    return None
