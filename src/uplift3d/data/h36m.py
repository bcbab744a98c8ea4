"""Human3.6M in the file layout that the field shares (the two `.npz` files of VideoPose3D).

`data_3d_h36m.npz` holds world positions of 32 joints in metres at 50 Hz, `data_2d_h36m_*.npz` the detections
of four cameras in pixels (`h36m_detections` reads them). The data set itself needs its owners' licence; the
calibration in `h36m_cameras.json` is published.

Axes: T frames, J = 17 joints in the order of the joint set "h36m17".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import BoolArray, FloatArray
from uplift3d.camera import Camera, Distortion
from uplift3d.data.checks import as_numbers, as_table, check_finite
from uplift3d.data.h36m_detections import Detections, VideoKeypoints, open_detections
from uplift3d.data.videos import Motion, missing_files
from uplift3d.errors import InputError
from uplift3d.files.pickles import load_npz
from uplift3d.rotations import matrix_from_quaternion

__all__ = [
    "ACTIONS",
    "RATE_HZ",
    "TEST_SUBJECTS",
    "TRAIN_SUBJECTS",
    "H36MVideo",
    "camera_ids",
    "cameras",
    "find_files",
    "load_motions",
    "load_videos",
    "read_videos",
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


# 2D files have a few frames more than the 3D file; half as many again is another frame rate.
_OTHER_RATE = 1.5
LICENCE = "Human3.6M licence (academic use)"


@dataclass(frozen=True, eq=False)
class H36MVideo:
    """One recording seen by one camera; a `videos.LabelledVideo`."""

    subject: str
    take: str
    """The file's own name of the recording, such as "Eating 1"."""
    camera_id: str
    camera: Camera
    keypoints_px: FloatArray
    """(T, 17, 2) detections in pixels."""
    positions_world: FloatArray
    """(T, 17, 3) metres, z up; shared by the cameras of a recording."""
    confidence: FloatArray | None = None
    """(T, 17) of the detections in [0, 1]; None where the file has none."""

    def __len__(self) -> int:
        return len(self.positions_world)

    @property
    def action(self) -> str:
        """The action without the number of the recording, one of `ACTIONS`."""
        return self.take.split(" ")[0]

    @property
    def positions_camera(self) -> FloatArray:
        """(T, 17, 3) metres in camera axes (x right, y down, z away)."""
        return self.camera.to_camera(self.positions_world).astype(np.float32)

    @property
    def image_size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        assert self.camera.image_size is not None
        return self.camera.image_size

    @property
    def rate_hz(self) -> float:
        """Frames per second."""
        return RATE_HZ

    @property
    def ground_truth(self) -> str:
        """Human3.6M has only one."""
        return "Human3.6M 3D positions"

    @property
    def valid(self) -> BoolArray:
        """(T,) every frame counts."""
        return np.ones(len(self), dtype=bool)


def load_videos(
    folder: str | Path, detections: str = "cpn_ft_h36m_dbb", subjects: Iterable[str] = TEST_SUBJECTS
) -> tuple[H36MVideo, ...]:
    """Read the videos of some subjects from a folder with the two files.

    Args:
        folder: where `data_3d_h36m.npz` and `data_2d_h36m_{detections}.npz` are.
        detections: which 2D file, such as "gt", "cpn_ft_h36m_dbb" (the paper's) or "sh_ft_h36m"; or the name
            of a file in the folder, such as "h36m_sh_conf_cam_source_final.pkl".
        subjects: such as "S9"; all cameras of all their recordings are returned, in the order of the file.

    Raises:
        InputError: a missing file (with what was looked for and what is there), or as for `read_videos`.
    """
    path_3d, path_2d = find_files(folder, detections)
    return read_videos(path_3d, path_2d, subjects)


def find_files(folder: str | Path, detections: str = "cpn_ft_h36m_dbb") -> tuple[Path, Path]:
    """The 3D and the 2D file in a folder; arguments and missing files as for `load_videos`."""
    root = Path(folder)
    is_file = detections.endswith((".npz", ".pkl"))
    wanted = ("data_3d_h36m.npz", detections if is_file else f"data_2d_h36m_{detections}.npz")
    missing = tuple(name for name in wanted if not (root / name).is_file())
    if missing:
        raise missing_files(root, missing, "*h36m*.*")
    return root / wanted[0], root / wanted[1]


def read_videos(
    path_3d: str | Path, path_2d: str | Path, subjects: Iterable[str] = TEST_SUBJECTS
) -> tuple[H36MVideo, ...]:
    """Read the videos of some subjects from the two files; 2D a little longer than 3D is cut at its end.

    Raises:
        InputError: a damaged file, or recordings that do not fit together, by subject, action and camera.
    """
    world = _recordings(path_3d)
    detections = open_detections(path_2d)
    return tuple(
        video for subject in subjects for video in _subject_videos(subject, world, detections, path_3d)
    )


def load_motions(folder: str | Path, subjects: Iterable[str] = TRAIN_SUBJECTS) -> Iterator[Motion]:
    """The recordings of some subjects without images, in the world.

    Raises:
        InputError: no `data_3d_h36m.npz` in the folder, or a damaged one.
    """
    path = Path(folder) / "data_3d_h36m.npz"
    if not path.is_file():
        raise missing_files(Path(folder), (path.name,), "*h36m*.*")
    world = _recordings(path)
    for subject in subjects:
        for take, positions in _takes(world, subject, path):
            yield Motion("h36m", subject, take, RATE_HZ, positions, LICENCE)


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


def _recordings(path: str | Path) -> Mapping[str, Mapping[str, FloatArray]]:
    members = load_npz(path)
    table = members.get("positions_3d")
    if not isinstance(table, Mapping):
        raise InputError(
            f"{path} holds {', '.join(members) or 'nothing'}: accepted is a dictionary 'positions_3d'"
        )
    return table


def _takes(
    table: Mapping[str, Mapping[str, FloatArray]], subject: str, path: str | Path
) -> Iterator[tuple[str, FloatArray]]:
    """(name, (T, 17, 3) metres) of every recording of a subject."""
    if subject not in table:
        raise InputError(f"{path} has no subject {subject}; it has {', '.join(table)}")
    for take, positions in as_table(table[subject], f"{path}: {subject}").items():
        yield str(take), _moving_joints(positions, f"{path}: {subject} {take}")


def _subject_videos(
    subject: str, world: Mapping[str, Mapping[str, FloatArray]], detections: Detections, path_3d: str | Path
) -> Iterator[H36MVideo]:
    lenses = cameras(subject)
    for take, moving in _takes(world, subject, path_3d):
        for number, (camera_id, camera) in enumerate(zip(camera_ids(), lenses, strict=True)):
            project = partial(_project, camera, moving)
            view = detections.view(subject, take, number, camera_id, project)
            keypoints, confidence = _fitting(
                view, len(moving), f"{detections.path}: {subject} {take} camera {camera_id}"
            )
            yield H36MVideo(subject, take, camera_id, camera, keypoints, moving, confidence)


def _project(camera: Camera, positions_world: FloatArray) -> FloatArray:
    return camera.project_world(positions_world).astype(np.float32)


def _moving_joints(positions: Any, where: str) -> FloatArray:
    """(T, 32 or 17, 3) → (T, 17, 3)."""
    numbers = as_numbers(positions, f"{where}: 3D positions")
    shape = numbers.shape
    if len(shape) != 3 or not shape[0] or shape[1] not in (_JOINTS, 32) or shape[2] != 3:
        raise InputError(f"{where} has 3D positions of shape {shape}, expected (T, 32, 3)")
    chosen = numbers[:, list(_KEPT_OF_32)] if shape[1] == 32 else numbers
    check_finite(chosen, f"{where} has 3D positions")
    return np.asarray(chosen, dtype=np.float32)


def _fitting(view: VideoKeypoints, frames: int, where: str) -> tuple[FloatArray, FloatArray | None]:
    """Detections and confidence of as many frames as there are 3D poses."""
    ratio = len(view) / frames
    if ratio < 1 or ratio >= _OTHER_RATE:
        other = ratio >= _OTHER_RATE or 0 < ratio <= 1 / _OTHER_RATE
        likely = f"; at {RATE_HZ * ratio:.3g} Hz instead of {RATE_HZ:g}?" if other else ""
        raise InputError(
            f"{where} has {len(view)} 2D poses for {frames} 3D poses, expected at least as many and little "
            f"more{likely}"
        )
    confidence = None if view.confidence is None else view.confidence[:frames]
    keypoints = view.keypoints_px[:frames]
    check_finite(keypoints, f"{where} has 2D positions")
    return keypoints, confidence
