"""VideoPose3D's "custom" 2D detections, and a bare numpy array of joints."""

from __future__ import annotations

from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.detect.files.base import Given, Source, completed, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import Clip, Person
from uplift3d.errors import InputError
from uplift3d.files.arrays import read_npy
from uplift3d.files.guards import listed, quoted
from uplift3d.files.pickles import load_npz
from uplift3d.types import Keypoints2D

LAYOUTS = {"coco": "coco17", "h36m": "h36m17", "humaneva15": None}


class VideoPose3DCustom:
    """`data_2d_custom_….npz`: `positions_2d` of one video, and `metadata` with its size. It is pickled, and
    read without letting it run code. Implements `KeypointFormat`.
    """

    name = "VideoPose3D custom .npz"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        return {"positions_2d", "metadata"} <= source.arrays

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = f"{source.path} ({self.name})"
        content = load_npz(source.path, ["positions_2d", "metadata"])
        video, positions = _only_video(content["positions_2d"], where)
        metadata = content["metadata"] if isinstance(content["metadata"], dict) else {}
        resolution = _entry(_entry(metadata, "video_metadata"), video)
        sides = (_entry(resolution, "w"), _entry(resolution, "h"))
        size = (int(sides[0]), int(sides[1])) if all(_is_side(side) for side in sides) else None
        rate_hz, image_size = rate_and_size(where, given, None, size)
        layout_name = _entry(metadata, "layout_name")
        own = LAYOUTS.get(layout_name) if isinstance(layout_name, str) else None
        count = positions.shape[1]
        by_count = {17: own} if own else {17: "coco17"}
        layout = layout_of(where, count, given.joints, by_count=by_count)
        confidence = positions[..., 2] if positions.shape[2] == 3 else np.ones(positions.shape[:2])
        frames = {k: [Person(positions[k, :, :2], confidence[k], 0)] for k in range(len(positions))}
        meta = {"source": source.path.name, "video": str(video), "detector": self.name}
        return Clip(where, frames, layout, rate_hz, image_size, meta).keypoints()


class PlainNumpy:
    """An array (K, J, 2 | 3) of one person or (P, K, J, 2 | 3) of several: x and y in pixels, and confidence.
    Implements `KeypointFormat`.
    """

    name = "numpy .npy of (people, frames, joints, 2 or 3)"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        return source.head.startswith(b"\x93NUMPY")

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = str(source.path)
        array = read_npy(source.path, "2D key-frames")
        if array.dtype.kind not in "fiu" or array.ndim not in (3, 4) or array.shape[-1] not in (2, 3):
            raise InputError(
                f"{where} holds {array.dtype} of shape {array.shape}; accepted are numbers of shape (frames, "
                "joints, 2 or 3) or (people, frames, joints, 2 or 3)"
            )
        completed(where, given, frame_rate_hz=None, image_size=None, joints=None)
        rate_hz, size = rate_and_size(where, given, None, None)
        people = (array if array.ndim == 4 else array[None]).astype(np.float64)
        layout = layout_of(where, people.shape[2], given.joints)
        frames: dict[int, list[Person]] = {k: [] for k in range(people.shape[1])}
        for track, clip in enumerate(people):
            for k, points in enumerate(clip):
                if np.isfinite(points[:, :2]).all(axis=-1).any():
                    sure = points[:, 2] if points.shape[1] == 3 else np.ones(len(points))
                    frames[k].append(Person(points[:, :2], sure, track))
        meta = {"source": source.path.name, "detector": "given"}
        return Clip(where, frames, layout, rate_hz, size, meta).keypoints()


def _only_video(videos: Any, where: str) -> tuple[Any, DoubleArray]:
    """Name of the one video and its (K, J, 2 | 3) joints: {video: {action: [joints of every camera]}}."""
    if not isinstance(videos, dict) or len(videos) != 1:
        found = listed(videos) if isinstance(videos, dict) else quoted(videos)
        raise InputError(f"{where} holds the videos {found}; accepted is a file of one video")
    video, actions = next(iter(videos.items()))
    cameras = next(iter(actions.values())) if isinstance(actions, dict) and len(actions) == 1 else None
    if not isinstance(cameras, list | tuple | np.ndarray) or len(cameras) != 1:
        raise InputError(f"{where}: {quoted(video)} must hold one action with one camera")
    joints = np.asarray(cameras[0])
    if joints.ndim != 3 or joints.shape[2] not in (2, 3) or joints.dtype.kind not in "fiu":
        raise InputError(f"{where}: joints of shape {joints.shape}, expected (frames, joints, 2)")
    return video, joints.astype(np.float64)


def _entry(table: Any, key: Any) -> Any:
    try:
        return table.get(key) if isinstance(table, dict) else None
    except TypeError:  # a key that cannot be one
        return None


def _is_side(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and bool(0 < value < 1e6)
