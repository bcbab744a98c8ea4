"""2D key-frames as COCO keypoint JSON, which pose programs, annotation tools and data sets share.

`images` are the moments looked at (with `frame_id`, the frame's number in the video, and `time_s`, which are
ours), `annotations` a person in one of them (with `track_id`), the third number of each joint its confidence,
0 where it is not seen; `categories` names the joints. https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D
from uplift3d.version import __version__

PERSON = 1
"""COCO's number for people."""


def write(path: Path, keypoints: Keypoints2D) -> None:
    """Write the file, without depth."""
    width, height = keypoints.image_size
    frames = _frame_numbers(keypoints)
    images = [
        {"id": k, "frame_id": int(frames[k]), "time_s": float(time), "width": width, "height": height}
        for k, time in enumerate(keypoints.times)
    ]
    joints = joint_set(keypoints.joints)
    category = {
        "id": PERSON,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(joints.joints),
        "skeleton": [[parent + 1, child + 1] for parent, child in joints.bones],
    }
    content = {
        "info": {"description": f"2D key-frames by uplift3d {__version__}", "version": "1.0"},
        "images": images,
        "annotations": _annotations(keypoints),
        "categories": [category],
    }
    path.write_text(json.dumps(content), encoding="utf-8")


def _annotations(keypoints: Keypoints2D) -> list[dict[str, Any]]:
    seen = np.isfinite(keypoints.positions).all(axis=-1)  # (P, K, J)
    found = np.argwhere(seen.any(axis=-1).T)  # (n, 2) moment and person, in the order of time
    return [
        {"id": number, **_annotation(keypoints, int(k), int(person), seen[person, k])}
        for number, (k, person) in enumerate(found, start=1)
    ]


def _annotation(keypoints: Keypoints2D, k: int, person: int, seen: np.ndarray[Any, Any]) -> dict[str, Any]:
    positions = keypoints.positions[person, k]
    confidence = np.where(seen, keypoints.confidence[person, k], 0)
    table = np.column_stack([np.where(seen[:, None], positions, 0), confidence])
    (left, top), (right, bottom) = positions[seen].min(axis=0), positions[seen].max(axis=0)
    return {
        "image_id": k,
        "category_id": PERSON,
        "track_id": int(keypoints.people[person]),
        "keypoints": _rounded(table.ravel()),
        "num_keypoints": int(seen.sum()),
        "bbox": _rounded(np.array([left, top, right - left, bottom - top])),
        "area": float(round(float(right - left) * float(bottom - top), 2)),
        "iscrowd": 0,
        "score": float(round(float(confidence[seen].mean()), 4)),
    }


def _rounded(values: FloatArray) -> list[float]:
    return [float(value) for value in np.round(values.astype(np.float64), 4)]


def _frame_numbers(keypoints: Keypoints2D) -> IntArray:
    """(K,) of the video's frames, or from 0 where these are not known."""
    count = np.arange(len(keypoints))
    if keypoints.video_times is None:
        return count
    middles = (keypoints.video_times[:-1] + keypoints.video_times[1:]) / 2
    numbers = np.searchsorted(middles, keypoints.times)
    return numbers if len(np.unique(numbers)) == len(numbers) else count
