"""2D detections on Human3.6M in the two layouts that the field shares.

* `.npz` (VideoPose3D): subject → take → one array per camera, with or without confidence, of 17 joints or of
  the 16 that a stacked hourglass network gives;
* `.pkl` (published with MotionBERT): rows of all recordings one after the other, with confidence.

Axes: T frames of a recording, N rows of a file, J = 17 joints in the order of the joint set "h36m17".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from uplift3d.arrays import FloatArray
from uplift3d.data.checks import as_entries, as_numbers, as_table
from uplift3d.errors import InputError
from uplift3d.files.arrays import as_names
from uplift3d.files.pickles import load_npz, load_pickle
from uplift3d.skeletons import joint_set

__all__ = ["Detections", "HourglassRecordings", "VideoKeypoints", "VideoPoseTable", "open_detections"]

Projection = Callable[[], FloatArray]
CAMERAS = 4

# A stacked hourglass network gives the joints of MPII in this order; those who fine-tuned it on Human3.6M
# (Martinez et al., ICCV 2017) name them so. Human3.6M's "head" (nose) is none of them.
HOURGLASS_JOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis", "torso"),
    *("neck", "head_top", "right_wrist", "right_elbow", "right_shoulder"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)
# A recording of the `.pkl` is told by where its true joints lie; another one is hundreds of pixels away.
_SAME_PX = 20.0
_LOOKS = 50


@dataclass(frozen=True, eq=False)
class VideoKeypoints:
    """One recording seen by one camera: (T, 17, 2) pixels and, if known, (T, 17) confidence."""

    keypoints_px: FloatArray
    confidence: FloatArray | None

    def __len__(self) -> int:
        return len(self.keypoints_px)


class Detections(Protocol):
    """A file of 2D joints."""

    @property
    def path(self) -> Path:
        """The file."""

    def view(
        self, subject: str, take: str, camera: int, camera_id: str, project: Projection
    ) -> VideoKeypoints:
        """Joints of one recording.

        Args:
            subject, take: as in the 3D file.
            camera: number of the camera, 0 … 3.
            camera_id: its name, for messages.
            project: gives the pixels (T, 17, 2) of the true joints, for files that need them.

        Raises:
            InputError: the file has none, or none that can be read; the message names all three.
        """
        ...


def open_detections(path: str | Path) -> Detections:
    """Read a file of 2D joints; its suffix says which layout it has.

    Raises:
        InputError: damaged, of another layout or suffix, or with a pickle that would run code.
    """
    path = Path(path)
    if path.suffix == ".pkl":
        return HourglassRecordings.read(path)
    if path.suffix == ".npz":
        return VideoPoseTable.read(path)
    raise InputError(f"2D detections {path}: accepted are .npz (VideoPose3D) and .pkl (MotionBERT)")


@dataclass(frozen=True, eq=False)
class VideoPoseTable:
    """`positions_2d`: subject → take → four arrays (T, 17 or 16, 2 or 3)."""

    path: Path
    table: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> VideoPoseTable:
        """Read an `.npz` file of that layout."""
        members = load_npz(path)
        table = members.get("positions_2d")
        if not isinstance(table, Mapping):
            names = ", ".join(members) or "nothing"
            raise InputError(f"{path} holds {names}: accepted is a dictionary 'positions_2d'")
        return cls(path, table)

    def view(
        self, subject: str, take: str, camera: int, camera_id: str, project: Projection
    ) -> VideoKeypoints:
        """See `Detections`."""
        if subject not in self.table:
            raise InputError(f"{self.path} has no subject {subject}; it has {', '.join(self.table)}")
        where = f"{subject} {take}"
        takes = as_table(self.table[subject], f"{self.path}: {subject}")
        if take not in takes:
            raise InputError(f"{self.path} has no detections of {where}")
        views = as_entries(takes[take], f"{self.path}: {where}")
        if len(views) != CAMERAS:
            raise InputError(f"{self.path}: {where} has {len(views)} cameras, expected {CAMERAS}")
        return _as_keypoints(views[camera], f"{self.path}: {where} camera {camera_id}")


@dataclass(frozen=True, eq=False)
class HourglassRecordings:
    """Recordings under names of their own, found again by where the true joints lie in the image.

    The file names a recording by numbers ("s_09_act_05_subact_02_ca_01") that stand for other takes than
    those of the 3D file, and its list of cameras is not in order everywhere. It also has the true joints'
    pixels, which tell recordings apart beyond doubt.
    """

    path: Path
    recordings: Mapping[str, list[tuple[str, VideoKeypoints, FloatArray]]]
    """Subject → (name, detections, true joints (T, 17, 2) in pixels)."""

    @classmethod
    def read(cls, path: Path) -> HourglassRecordings:
        """Read a `.pkl` file of that layout."""
        content = load_pickle(path)
        recordings: dict[str, list[tuple[str, VideoKeypoints, FloatArray]]] = {}
        for split in ("train", "test"):
            part = content.get(split) if isinstance(content, Mapping) else None
            if isinstance(part, Mapping):
                for name, view, truth in _recordings(part, f"{path} ({split})"):
                    number = re.match(r"s_(\d+)_", name)
                    if number is None:
                        raise InputError(f"{path} ({split}): source {name!r}, expected s_09_act_…")
                    recordings.setdefault(f"S{int(number[1])}", []).append((name, view, truth))
        if not recordings:
            raise InputError(f"{path} holds neither 'train' nor 'test': accepted is MotionBERT's layout")
        return cls(path, recordings)

    def view(
        self, subject: str, take: str, camera: int, camera_id: str, project: Projection
    ) -> VideoKeypoints:
        """See `Detections`."""
        candidates = self.recordings.get(subject)
        if not candidates:
            raise InputError(f"{self.path} has no subject {subject}; it has {', '.join(self.recordings)}")
        projected = project()
        apart = [_pixels_apart(truth, projected) for _, _, truth in candidates]
        best = int(np.argmin(apart))
        name, view, _ = candidates[best]
        if apart[best] > _SAME_PX:
            raise InputError(
                f"{self.path} has no detections of {subject} {take} camera {camera_id}: the most similar "
                f"recording, {name}, lies {apart[best]:.0f} pixels away"
            )
        return view


def _recordings(part: Mapping[str, Any], where: str) -> list[tuple[str, VideoKeypoints, FloatArray]]:
    needed = ("joint_2d", "joint3d_image", "source")
    missing = [key for key in needed if key not in part]
    if missing:
        raise InputError(f"{where} lacks {', '.join(missing)}; it has {', '.join(part)}")
    pixels, truth = (as_numbers(part[key], f"{where}: {key}") for key in needed[:2])
    names = as_names(as_entries(part["source"], f"{where}: source"), f"{where}: source", 1000)
    for what, values in (("joint_2d", pixels), ("joint3d_image", truth)):
        if values.ndim != 3 or values.shape[2] not in (2, 3):
            raise InputError(f"{where}: {what} has shape {values.shape}, expected (N, 17, 2 or 3)")
    if part.get("confidence") is not None:  # (N, 17) or (N, 17, 1)
        confidence = as_numbers(part["confidence"], f"{where}: confidence")
        if confidence.size != pixels[..., 0].size:
            raise InputError(f"{where}: confidence has shape {confidence.shape}, expected (N, 17)")
        confidence = np.reshape(confidence, pixels.shape[:2])
        pixels = np.concatenate([pixels[..., :2], confidence[..., None]], axis=-1)
    if not len(pixels) == len(truth) == len(names):
        raise InputError(f"{where}: {len(pixels)} 2D poses, {len(truth)} 3D poses, {len(names)} sources")
    bounds = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1], [True]]))
    found = []
    for start, stop in pairwise(bounds):
        name = str(names[start])
        view = _as_keypoints(pixels[start:stop], f"{where}: {name}")
        found.append((name, view, truth[start:stop, :, :2]))
    return found


def _pixels_apart(truth: FloatArray, projected: FloatArray) -> float:
    """Mean distance of two takes in some of the frames they share; infinite if their lengths differ much."""
    frames = min(len(truth), len(projected))
    if 2 * frames < max(len(truth), len(projected)):
        return float("inf")
    rows = np.unique(np.linspace(0, frames - 1, _LOOKS).astype(int))
    return float(np.linalg.norm(truth[rows] - projected[rows], axis=-1).mean())


def _as_keypoints(values: Any, where: str) -> VideoKeypoints:
    """(T, 17 or 16, 2 or 3) → 17 joints; the third number is the confidence."""
    numbers = as_numbers(values, f"{where}: 2D positions")
    shape = numbers.shape
    if len(shape) != 3 or shape[1] not in (16, 17) or shape[2] not in (2, 3):
        raise InputError(
            f"{where} has 2D positions of shape {shape}, expected (T, 17, 2), 16 joints of a stacked "
            "hourglass, or 3 numbers with confidence"
        )
    joints = numbers.astype(np.float32)
    if shape[1] == 16:
        joints = _from_hourglass(joints)
    confidence = np.clip(joints[..., 2], 0, 1) if shape[2] == 3 else None
    return VideoKeypoints(np.ascontiguousarray(joints[..., :2]), confidence)


def _from_hourglass(joints: FloatArray) -> FloatArray:
    """(T, 16, C) → (T, 17, C); the head, which is missing, goes half-way from the neck to the head's top."""
    order = {name: place for place, name in enumerate(HOURGLASS_JOINTS)}
    out = np.empty((len(joints), 17, joints.shape[2]), dtype=np.float32)
    for place, name in enumerate(joint_set("h36m17").joints):
        if name != "head":
            out[:, place] = joints[:, order[name]]
    neck, top = joints[:, order["neck"]], joints[:, order["head_top"]]
    head = (neck + top) / 2
    head[:, 2:] = np.minimum(neck, top)[:, 2:]
    out[:, joint_set("h36m17").index("head")] = head
    return out
