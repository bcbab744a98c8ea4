"""The project's own file of 2D key-frames: `.npz`, no pickle.

Keys: `positions` (P, K, J, 2) float32 pixels, NaN where unseen; `confidence` (P, K, J) float32; `times` (K,)
float64 seconds; `image_size` (2,) int64 width and height; `joints` the name of the joint set; `people` (P,)
int64 track ids; `meta` a JSON object; `depth_hint` (P, K, J, 3) float32 metres from the pelvis; `video_times`
(T,) float64 seconds of all the video's frames. The last four may be left out; so may `image_size` and
`joints` where the user says them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.detect.files.base import Given, Source, completed
from uplift3d.detect.files.layout import layout_of
from uplift3d.errors import InputError
from uplift3d.files.arrays import read_npz, text_of, write_npz
from uplift3d.files.json_text import parse_object
from uplift3d.files.text import encodable
from uplift3d.types import Keypoints2D

REQUIRED = ("positions", "confidence", "times")
SAID = ("image_size", "joints")
"""What the user may say instead."""
OPTIONAL = ("people", "meta", "depth_hint", "video_times")


def write(path: Path, keypoints: Keypoints2D) -> None:
    """Write the file."""
    arrays: dict[str, Any] = {
        "positions": keypoints.positions,
        "confidence": keypoints.confidence,
        "times": keypoints.times,
        "image_size": np.array(keypoints.image_size, dtype=np.int64),
        "joints": np.array(keypoints.joints),
        "people": keypoints.people,
        "meta": np.array(json.dumps(encodable(keypoints.meta))),
    }
    if keypoints.depth_hint is not None:
        arrays["depth_hint"] = keypoints.depth_hint
    if keypoints.video_times is not None:
        arrays["video_times"] = keypoints.video_times
    write_npz(path, arrays)


class Native:
    """Our own format. Implements `KeypointFormat`."""

    name = "uplift3d .npz"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`; true of every archive, to say what it lacks, so ask others first."""
        return source.head.startswith(b"PK")

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        arrays = read_npz(source.path, "2D key-frames", REQUIRED, (*SAID, *OPTIONAL))
        if problems := _type_problems(arrays):
            raise InputError(f"{source.path}: {'; '.join(problems)}")
        text = text_of(arrays["meta"], f"{source.path}: meta") if "meta" in arrays else "{}"
        where = str(source.path)
        size = tuple(arrays["image_size"].tolist()) if "image_size" in arrays else None
        own_joints = text_of(arrays["joints"], f"{where}: joints") if "joints" in arrays else None
        known = completed(where, given, frame_rate_hz=1.0, image_size=size, joints=own_joints)
        assert known.image_size is not None
        assert known.joints is not None
        positions, confidence = arrays["positions"], arrays["confidence"]
        if own_joints is None and positions.ndim == 4 and confidence.shape == positions.shape[:3]:
            layout = layout_of(where, positions.shape[2], known.joints)
            (positions, confidence), joints = layout.place(positions, confidence), layout.joints
        else:
            joints = known.joints
        try:
            return Keypoints2D(
                positions=positions,
                confidence=confidence,
                times=arrays["times"],
                image_size=known.image_size,
                joints=joints,
                people=arrays.get("people"),  # type: ignore[arg-type]  # None counts them
                meta=parse_object(text, "meta"),
                depth_hint=arrays.get("depth_hint"),
                video_times=arrays.get("video_times"),
            )
        except InputError as error:
            raise InputError(f"{source.path}: {error}") from error


def _type_problems(arrays: dict[str, AnyArray]) -> list[str]:
    """What would not even convert; values and shapes are checked by `Keypoints2D`."""
    problems = [
        f"{key} holds {arrays[key].dtype}, expected numbers"
        for key in ("positions", "confidence", "times", "image_size", "people", "depth_hint", "video_times")
        if key in arrays and arrays[key].dtype.kind not in "fiu"
    ]
    if "image_size" in arrays and arrays["image_size"].shape != (2,):
        problems.append(f"image_size has shape {arrays['image_size'].shape}, expected (2,): width and height")
    return problems
