"""COCO keypoint JSON: annotations of a data set with its images, or the bare list of a detector's results."""

from __future__ import annotations

from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.detect.files.base import Given, Source, rate_and_size
from uplift3d.detect.files.layout import Layout, layout_of
from uplift3d.detect.files.people import Clip, Person, by_frame, frame_number, numbers, track_id, triples
from uplift3d.errors import InputError
from uplift3d.files.guards import listed, quoted
from uplift3d.types import Keypoints2D

HIDDEN = 0.5
"""Confidence of a joint that an annotator placed behind something: 1 in a file of 0, 1 and 2 only."""


class CocoAnnotations:
    """`images`, `annotations` and often `categories`. Implements `KeypointFormat`."""

    name = "COCO keypoint .json"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        value = source.json
        lists = ("images", "annotations")
        return isinstance(value, dict) and all(isinstance(value.get(name), list) for name in lists)

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`; a frame's number is `frame_id`, else its place in the list of images,
        and its time `time_s`, where all images have one, else number / rate."""
        where = f"{source.path} ({self.name})"
        data: dict[str, Any] = source.json
        frame_of = _frame_numbers(where, data["images"])
        times = _times_s(where, data["images"], list(frame_of.values()))
        own_rate_hz = None if times is None else 1.0  # what counts is when each image was taken
        rate_hz, size = rate_and_size(where, given, own_rate_hz, _image_size(where, data["images"]))
        people = []
        for entry in data["annotations"]:
            if not isinstance(entry, dict) or "keypoints" not in entry:
                continue  # a box or an outline without joints
            place = entry.get("image_id")
            if not isinstance(place, str | int | float) or place not in frame_of:
                raise InputError(f"{where}: an annotation is of image {quoted(place)}, which is not listed")
            positions, confidence = triples(entry["keypoints"], f"{where}: keypoints")
            person = Person(positions, confidence, track_id(entry.get("track_id")))
            people.append((frame_of[place], person))
        people = _marks_to_confidence(people)
        points = len(people[0][1].positions) if people else 17
        layout = _layout(where, points, given, data.get("categories"))
        frames = by_frame(people, frame_of.values())
        meta = {"source": source.path.name, "detector": self.name}
        return Clip(where, frames, layout, rate_hz, size, meta, times).keypoints()


class PoseResults:
    """A list of detections with `image_id` and `keypoints`: COCO's results, and AlphaPose's, with names for
    numbers and people in `idx`. Implements `KeypointFormat`.
    """

    name = "AlphaPose or COCO results .json"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        value = source.json
        return isinstance(value, list) and bool(value) and all(map(_is_result, value[:3]))

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`; a frame's number is `image_id`, or the last digits of that name."""
        where = f"{source.path} ({self.name})"
        rate_hz, size = rate_and_size(where, given, None, None)
        people = []
        for entry in source.json:
            if not _is_result(entry):
                raise InputError(f"{where}: {quoted(entry)} has no image_id and keypoints")
            positions, confidence = triples(entry["keypoints"], f"{where}: keypoints")
            track = track_id(entry.get("idx", entry.get("track_id")))
            people.append((frame_number(entry["image_id"], where), Person(positions, confidence, track)))
        layout = layout_of(where, len(people[0][1].positions), given.joints)
        meta = {"source": source.path.name, "detector": self.name}
        frames = by_frame(people)
        return Clip(where, frames, layout, rate_hz, size, meta).keypoints()


def _marks_to_confidence(people: list[tuple[int, Person]]) -> list[tuple[int, Person]]:
    """Annotators mark joints 0 not there, 1 there but hidden, 2 seen; detectors write scores instead."""
    marks = np.unique(np.concatenate([person.confidence for _, person in people] or [np.zeros(0)]))
    if 2 not in marks or not set(marks.tolist()) <= {0, 1, 2}:
        return people
    sure = np.array([0, HIDDEN, 1])
    return [(k, one._replace(confidence=sure[one.confidence.astype(np.int64)])) for k, one in people]


def _is_result(entry: Any) -> bool:
    return isinstance(entry, dict) and "image_id" in entry and isinstance(entry.get("keypoints"), list)


def _image_size(where: str, images: list[Any]) -> tuple[int, int] | None:
    """(width, height) that all images have; None where they do not say."""
    sizes: set[Any] = set()
    for image in images:
        size = (image.get("width"), image.get("height")) if isinstance(image, dict) else (None, None)
        if not all(isinstance(side, int) for side in size):
            return None
        sizes.add(size)
    if len(sizes) > 1:
        shown = listed((f"{width}×{height}" for width, height in sorted(sizes)), 4)
        raise InputError(
            f"{where}: images of different sizes ({shown} pixels); accepted is one video's images"
        )
    return sizes.pop() if sizes else None


def _frame_numbers(where: str, images: list[Any]) -> dict[Any, int]:
    """Id of an image → number of its frame."""
    places: dict[Any, int] = {}
    for place, image in enumerate(images):
        key = image.get("id") if isinstance(image, dict) else None
        if not isinstance(key, str | int | float) or key in places:
            raise InputError(f"{where}: images must have an id each, found {quoted(image)}")
        places[key] = frame_number(image.get("frame_id", place), where)
    if len(set(places.values())) < len(places):
        raise InputError(f"{where}: two images have the same frame_id; accepted is one video's images")
    return places


def _times_s(where: str, images: list[Any], frames: list[int]) -> DoubleArray | None:
    """(K,) seconds of the images in the order of their frames' numbers; None where not all have a time."""
    times = [image.get("time_s") for image in images]
    if not times or not all(isinstance(time, int | float) and not isinstance(time, bool) for time in times):
        return None
    return numbers(times, f"{where}: time_s")[np.argsort(frames)]


def _layout(where: str, points: int, given: Given, categories: Any) -> Layout:
    """By the names of the first category with as many points; COCO's own 17 need none."""
    for category in categories if isinstance(categories, list) else ():
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and len(names) == points and all(isinstance(name, str) for name in names):
            return layout_of(where, points, given.joints, names)
    return layout_of(where, points, given.joints)
