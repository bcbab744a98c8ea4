"""SLEAP's analysis HDF5: `tracks`, `node_names` and scores, in any order of axes that it is written in."""

from __future__ import annotations

from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.detect.files.base import HDF5_MAGIC, Given, Source, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import Clip, Person
from uplift3d.errors import InputError
from uplift3d.files.hdf5 import child, dataset, opened_hdf5, text_attribute, texts
from uplift3d.files.json_text import parse_json
from uplift3d.types import Keypoints2D

AXES = ("frame", "track", "node", "xy")
SLEAP_AXES = ("track", "xy", "node", "frame")
"""Of files that do not say: what SLEAP itself writes."""


class SleapAnalysis:
    """Implements `KeypointFormat`."""

    name = "SLEAP analysis .h5"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        if not source.head.startswith(HDF5_MAGIC):
            return False
        with opened_hdf5(source.path, "2D key-frames") as file:
            return child(file, "tracks") is not None and child(file, "node_names") is not None

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = f"{source.path} ({self.name})"
        with opened_hdf5(source.path, self.name) as file:
            names = texts(file, "node_names", where)
            stored = _stored_axes(child(file, "tracks"), where)
            tracks = dataset(file, "tracks", where)
            scores = dataset(file, "point_scores", where) if child(file, "point_scores") is not None else None
        if tracks.ndim != 4:
            raise InputError(
                f"{where}: tracks of shape {tracks.shape}, expected four axes ({', '.join(AXES)})"
            )
        positions = tracks.transpose([stored.index(axis) for axis in AXES]).astype(np.float64)
        confidence = _confidence(scores, [axis for axis in stored if axis != "xy"], positions)
        if positions.shape[2:] != (len(names), 2):
            raise InputError(f"{where}: tracks of shape {tracks.shape} do not fit {len(names)} nodes")
        rate_hz, size = rate_and_size(where, given, None, None)
        layout = layout_of(where, len(names), given.joints, names)
        seen = np.asarray(np.isfinite(positions).all(axis=-1).any(axis=-1))  # (frame, track)
        frames = {
            k: [
                Person(positions[k, track], confidence[k, track], int(track)) for track in np.flatnonzero(row)
            ]
            for k, row in enumerate(seen)
        }
        meta = {"source": source.path.name, "detector": "SLEAP"}
        return Clip(where, frames, layout, rate_hz, size, meta).keypoints()


def _stored_axes(tracks: Any, where: str) -> list[str]:
    """The order of `AXES` in the file: of its own `dims`, or SLEAP's."""
    text = text_attribute(tracks, "dims")
    axes = parse_json(text, f"{where}: dims") if text else list(SLEAP_AXES)
    if not isinstance(axes, list) or sorted(map(str, axes)) != sorted(AXES):
        raise InputError(f"{where}: dims must be {', '.join(AXES)} in some order")
    return [str(axis) for axis in axes]


def _confidence(scores: DoubleArray | None, stored: list[str], positions: DoubleArray) -> DoubleArray:
    """(frame, track, node); 1 where a file has no scores, or none for a point placed by hand."""
    if scores is None or scores.ndim != 3:
        return np.ones(positions.shape[:3])
    ordered = scores.transpose([stored.index(axis) for axis in AXES[:3]]).astype(np.float64)
    if ordered.shape != positions.shape[:3]:
        return np.ones(positions.shape[:3])
    return np.where(np.isfinite(ordered), ordered, 1.0)
