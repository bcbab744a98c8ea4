"""Human3.6M in the file layout that the field shares (the two `.npz` files of VideoPose3D).

`data_3d_h36m.npz` holds world positions of 32 joints in metres at 50 Hz, `data_2d_h36m_*.npz` the detections
of four cameras in pixels. The data set itself needs its owners' licence; the calibration in
`h36m_cameras.json` is published.

Axes: T frames, J = 17 joints in the order of the joint set "h36m17".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplift3d.camera import Camera, Distortion
from uplift3d.data.restricted_pickle import load_npz
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_from_quaternion

__all__ = [
    "ACTIONS",
    "RATE_HZ",
    "TEST_SUBJECTS",
    "TRAIN_SUBJECTS",
    "Track",
    "camera_ids",
    "cameras",
    "load_tracks",
    "read_tracks",
]

RATE_HZ = 50.0
TRAIN_SUBJECTS = ("S1", "S5", "S6", "S7", "S8")
TEST_SUBJECTS = ("S9", "S11")
ACTIONS = (
    "Directions",
    "Discussion",
    "Eating",
    "Greeting",
    "Phoning",
    "Photo",
    "Posing",
    "Purchases",
    "Sitting",
    "SittingDown",
    "Smoking",
    "Waiting",
    "WalkDog",
    "Walking",
    "WalkTogether",
)

# Of the 32 joints of the recordings only these move by themselves.
_KEPT_OF_32 = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
_JOINTS = 17

Floats = NDArray[np.float32]
Tracks2D = Mapping[str, Mapping[str, list[Floats]]]


@dataclass(frozen=True, eq=False)
class Track:
    """One recording seen by one camera."""

    subject: str
    take: str
    """The file's own name of the recording, such as "Eating 1"."""
    camera_id: str
    camera: Camera
    keypoints_px: Floats
    """(T, 17, 2) detections in pixels."""
    positions_world: Floats
    """(T, 17, 3) metres, z up; shared by the cameras of a recording."""

    def __len__(self) -> int:
        return len(self.positions_world)

    @property
    def action(self) -> str:
        """The action without the number of the recording, one of `ACTIONS`."""
        return self.take.split(" ")[0]

    @property
    def positions_camera(self) -> Floats:
        """(T, 17, 3) metres in camera axes (x right, y down, z away)."""
        return self.camera.to_camera(self.positions_world).astype(np.float32)

    @property
    def image_size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        assert self.camera.image_size is not None
        return self.camera.image_size


def load_tracks(
    folder: str | Path, detections: str = "cpn_ft_h36m_dbb", subjects: Iterable[str] = TEST_SUBJECTS
) -> tuple[Track, ...]:
    """Read the tracks of some subjects from a folder with the two files.

    Args:
        folder: where `data_3d_h36m.npz` and `data_2d_h36m_{detections}.npz` are.
        detections: which 2D file, such as "gt" or "cpn_ft_h36m_dbb" (the paper's).
        subjects: such as "S9"; all cameras of all their recordings are returned, in the order of the file.

    Raises:
        InputError: a missing file (with what was looked for and what is there), or as for `read_tracks`.
    """
    root = Path(folder)
    paths = root / "data_3d_h36m.npz", root / f"data_2d_h36m_{detections}.npz"
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        present = ", ".join(sorted(path.name for path in root.glob("data_*d_h36m*.npz"))) or "no such file"
        raise InputError(f"{root} lacks {' and '.join(missing)}; it holds {present}")
    return read_tracks(*paths, subjects)


def read_tracks(
    path_3d: str | Path, path_2d: str | Path, subjects: Iterable[str] = TEST_SUBJECTS
) -> tuple[Track, ...]:
    """Read the tracks of some subjects from the two files; 2D longer than 3D is cut at its end.

    Raises:
        InputError: a damaged file, or recordings that do not fit together, by subject, action and camera.
    """
    world = _entry(load_npz(path_3d), "positions_3d", path_3d)
    pixels = _entry(load_npz(path_2d), "positions_2d", path_2d)
    return tuple(
        track for subject in subjects for track in _subject_tracks(subject, world, pixels, path_3d, path_2d)
    )


def camera_ids() -> tuple[str, ...]:
    """The serial numbers of the four cameras, in the order of every file."""
    return tuple(camera["id"] for camera in _calibration()["cameras"])


def cameras(subject: str) -> tuple[Camera, ...]:
    """The four cameras as calibrated for a subject, in the order of `camera_ids`.

    Raises:
        InputError: a subject without calibration.
    """
    poses = _calibration()["subjects"].get(subject)
    if poses is None:
        raise InputError(f"subject {subject!r}: accepted are {', '.join(_calibration()['subjects'])}")
    return tuple(_camera(lens, pose) for lens, pose in zip(_calibration()["cameras"], poses, strict=True))


def _camera(lens: Mapping[str, Any], pose: Mapping[str, Any]) -> Camera:
    to_world = matrix_from_quaternion(pose["orientation"])
    place_m = np.asarray(pose["translation_mm"]) / 1000.0
    return Camera(
        focal_px=tuple(lens["focal_px"]),
        principal_point_px=tuple(lens["centre_px"]),
        image_size=tuple(lens["image_size_px"]),
        distortion=Distortion(tuple(lens["radial"]), tuple(lens["tangential"])),
        R_camera_world=to_world.T,
        t_camera_world=-to_world.T @ place_m,
    )


@cache
def _calibration() -> dict[str, Any]:
    text = (resources.files("uplift3d.data") / "h36m_cameras.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _entry(members: Mapping[str, Any], name: str, path: str | Path) -> Mapping[str, Any]:
    table = members.get(name)
    if not isinstance(table, Mapping):
        raise InputError(f"{path} holds {', '.join(members) or 'nothing'}: accepted is a dictionary {name!r}")
    return table


def _subject_tracks(
    subject: str,
    world: Mapping[str, Mapping[str, Floats]],
    pixels: Tracks2D,
    path_3d: str | Path,
    path_2d: str | Path,
) -> Iterator[Track]:
    lenses = cameras(subject)
    for table, path in ((world, path_3d), (pixels, path_2d)):
        if subject not in table:
            raise InputError(f"{path} has no subject {subject}; it has {', '.join(table)}")
    for take, positions in world[subject].items():
        where = f"{subject} {take}"
        if take not in pixels[subject]:
            raise InputError(f"{path_2d} has no detections of {where}, which {path_3d} has")
        views = pixels[subject][take]
        if len(views) != len(lenses):
            raise InputError(f"{path_2d}: {where} has {len(views)} cameras, expected {len(lenses)}")
        moving = _moving_joints(positions, f"{path_3d}: {where}")
        for camera_id, camera, view in zip(camera_ids(), lenses, views, strict=True):
            keypoints = _fitting(view, len(moving), f"{path_2d}: {where} camera {camera_id}")
            yield Track(subject, take, camera_id, camera, keypoints, moving)


def _moving_joints(positions: Floats, where: str) -> Floats:
    """(T, 32 or 17, 3) → (T, 17, 3)."""
    shape = np.shape(positions)
    if len(shape) != 3 or shape[1] not in (_JOINTS, 32) or shape[2] != 3:
        raise InputError(f"{where} has 3D positions of shape {shape}, expected (T, 32, 3)")
    chosen = positions[:, list(_KEPT_OF_32)] if shape[1] == 32 else positions
    return np.asarray(chosen, dtype=np.float32)


def _fitting(view: Floats, frames: int, where: str) -> Floats:
    shape = np.shape(view)
    if len(shape) != 3 or shape[1:] != (_JOINTS, 2):
        raise InputError(f"{where} has 2D positions of shape {shape}, expected (T, {_JOINTS}, 2)")
    if len(view) < frames:
        raise InputError(f"{where} has {len(view)} 2D poses for {frames} 3D poses, expected at least as many")
    return np.asarray(view[:frames], dtype=np.float32)
