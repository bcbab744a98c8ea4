"""MMPose's inferencer and demo scripts: instances per frame."""

from __future__ import annotations

from typing import Any

from uplift3d.detect.files.base import Given, Source, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import Clip, Person, by_frame, frame_number, numbers, track_id
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.types import Keypoints2D


class MMPose:
    """A list of frames with `instances`, bare or as `instance_info`. Implements `KeypointFormat`."""

    name = "MMPose .json"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        frames = _frames(source.json)
        return isinstance(frames, list) and bool(frames) and all(map(_is_frame, frames[:3]))

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = f"{source.path} ({self.name})"
        rate_hz, size = rate_and_size(where, given, None, None)
        people, looked_at = [], []
        for place, frame in enumerate(_frames(source.json)):
            if not _is_frame(frame):
                raise InputError(f"{where}: {quoted(frame)} is no frame with instances")
            number = frame_number(frame.get("frame_id", place), where)
            looked_at.append(number)
            people += [(number, _person(one, where)) for one in frame["instances"]]
        points = len(people[0][1].positions) if people else 17
        layout = layout_of(where, points, given.joints, _names(source.json, points))
        meta = {"source": source.path.name, "detector": self.name}
        frames = by_frame(people, looked_at)
        return Clip(where, frames, layout, rate_hz, size, meta).keypoints()


def _frames(value: Any) -> Any:
    return value.get("instance_info") if isinstance(value, dict) else value


def _is_frame(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("instances"), list)


def _person(value: Any, where: str) -> Person:
    if not isinstance(value, dict) or "keypoints" not in value:
        raise InputError(f"{where}: {quoted(value)} is no instance with keypoints")
    positions = numbers(value["keypoints"], f"{where}: keypoints")
    if positions.ndim != 2 or positions.shape[1] not in (2, 3):
        raise InputError(f"{where}: keypoints of shape {positions.shape}, expected x and y for every joint")
    scores = value.get("keypoint_scores")
    confidence = numbers([1.0] * len(positions) if scores is None else scores, f"{where}: keypoint_scores")
    if confidence.shape != positions.shape[:1]:
        raise InputError(f"{where}: {confidence.shape} keypoint_scores for {len(positions)} keypoints")
    return Person(positions[:, :2], confidence, track_id(value.get("track_id")))


def _names(value: Any, points: int) -> list[str] | None:
    """The points' names in `meta_info`, where the file has it."""
    info = value.get("meta_info") if isinstance(value, dict) else None
    table = info.get("keypoint_id2name") if isinstance(info, dict) else None
    if not isinstance(table, dict):
        return None
    names = [table.get(str(point)) for point in range(points)]
    return [str(name) for name in names] if all(isinstance(name, str) for name in names) else None
