"""The files of MPI-INF-3DHP one by one; `mpi_inf_3dhp` finds them in a folder.

Axes: T frames, J = 17 joints in the order of the joint set "h36m17".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from uplift3d.arrays import AnyArray, BoolArray, FloatArray
from uplift3d.camera import Camera
from uplift3d.data.checks import as_entries, as_number, as_numbers, as_table, check_finite
from uplift3d.data.matlab import read_mat, read_mat73
from uplift3d.data.skeletool import read_calibration
from uplift3d.data.videos import StoredVideo
from uplift3d.errors import InputError
from uplift3d.files.pickles import load_npz
from uplift3d.skeletons import reorder

__all__ = [
    "SEQUENCES",
    "TEST_SEQUENCES",
    "GroundTruth",
    "original_test",
    "original_train",
    "packed_test",
    "packed_train",
    "sequences_of",
]

GroundTruth = Literal["annot3", "univ_annot3"]
TEST_SEQUENCES = tuple(f"TS{number}" for number in range(1, 7))
# Frames and frame rate of every sequence, as the data set's `mpii_get_sequence_info` gives them. Annotations
# go on for a few frames after the images end.
SEQUENCES: dict[tuple[str, str], tuple[int, float]] = {
    ("S1", "Seq1"): (6416, 25.0),
    ("S1", "Seq2"): (12430, 50.0),
    ("S2", "Seq1"): (6502, 25.0),
    ("S2", "Seq2"): (6081, 25.0),
    ("S3", "Seq1"): (12488, 50.0),
    ("S3", "Seq2"): (12283, 50.0),
    ("S4", "Seq1"): (6171, 25.0),
    ("S4", "Seq2"): (6675, 25.0),
    ("S5", "Seq1"): (12820, 50.0),
    ("S5", "Seq2"): (12312, 50.0),
    ("S6", "Seq1"): (6188, 25.0),
    ("S6", "Seq2"): (6145, 25.0),
    ("S7", "Seq1"): (6239, 25.0),
    ("S7", "Seq2"): (6320, 25.0),
    ("S8", "Seq1"): (6468, 25.0),
    ("S8", "Seq2"): (6054, 25.0),
}
_MM_PER_M = 1000.0


def sequences_of(subject: str) -> list[tuple[str, str]]:
    """(subject, sequence) of a training subject; InputError for any other."""
    pairs = [pair for pair in SEQUENCES if pair[0] == subject]
    if not pairs:
        raise InputError(f"MPI-INF-3DHP has no training subject {subject!r}: accepted are S1 … S8")
    return pairs


def original_train(path: Path, ground_truth: GroundTruth, cameras: tuple[int, ...]) -> Iterator[StoredVideo]:
    """The cameras of one `annot.mat`; folder names say which sequence it is."""
    subject, sequence = path.parts[-3:-1]
    frames, rate_hz = SEQUENCES[subject, sequence]
    content = read_mat(path, ("annot2", "annot3", "univ_annot3", "cameras"))
    numbers = np.ravel(as_numbers(content["cameras"], f"{path}: cameras"))
    check_finite(numbers, f"{path} has cameras")
    place = {int(camera): row for row, camera in enumerate(numbers)}
    calibration = _calibration(path.with_name("camera.calibration"))
    for camera in cameras:
        where = f"{path}: {subject} {sequence} camera {camera}"
        if camera not in place:
            raise InputError(f"{where} is not there; it has cameras {', '.join(map(str, place))}")
        annotations = {
            key: _unpacked(_cell(content[key], place[camera], f"{where}: {key}"), values, f"{where}: {key}")[
                :frames
            ]
            for key, values in (("annot2", 2), ("annot3", 3), ("univ_annot3", 3))
        }
        yield _video(
            (subject, sequence, f"{subject} {sequence}", str(camera)),
            calibration.get(str(camera))
            or _fitted(annotations["annot2"], annotations["annot3"], (2048, 2048)),
            rate_hz,
            ground_truth,
            annotations["annot2"],
            annotations[ground_truth],
            where=where,
        )


def packed_train(path: Path, subjects: Iterable[str], cameras: tuple[int, ...]) -> Iterator[StoredVideo]:
    """The training sequences of `data_train_3dhp.npz`: [camera → joints, frame rate] by name."""
    data = _dictionary(path)
    for subject in subjects:
        for _, sequence in sequences_of(subject):
            name = f"{subject} {sequence}"
            if name not in data:
                raise InputError(f"{path} has no {name}; it has {_names(data)}")
            entry = as_entries(data[name], f"{path}: {name}")
            if len(entry) != 2:
                raise InputError(f"{path}: {name} has {len(entry)} entries, expected cameras and frame rate")
            by_camera = as_table(entry[0], f"{path}: the first entry of {name}")
            rate_hz = as_number(entry[1], f"{path}: the frame rate of {name}")
            stated = SEQUENCES[subject, sequence][1]
            if rate_hz != stated:
                raise InputError(
                    f"{path}: {name} has {rate_hz:g} Hz, where the data set states {stated:g} Hz"
                )
            for camera in cameras:
                where = f"{path}: {name} camera {camera}"
                if str(camera) not in by_camera:
                    raise InputError(f"{where} is not there; it has cameras {_names(by_camera)}")
                arrays = as_table(by_camera[str(camera)], where)
                yield _video(
                    (subject, sequence, name, str(camera)),
                    None,
                    rate_hz,
                    "univ_annot3",
                    _pick(arrays, "data_2d", where),
                    _pick(arrays, "data_3d", where),
                    where=where,
                )


def packed_test(path: Path, rate_hz: float) -> Iterator[StoredVideo]:
    """The test sequences of `data_test_3dhp.npz`."""
    data = _dictionary(path)
    for name in TEST_SEQUENCES:
        if name not in data:
            raise InputError(f"{path} has no {name}; it has {_names(data)}")
        where = f"{path}: {name}"
        arrays = as_table(data[name], where)
        yield _video(
            (name, name, name, "0"),
            None,
            rate_hz,
            "univ_annot3",
            *(_pick(arrays, key, where) for key in ("data_2d", "data_3d")),
            valid=np.ravel(_pick(arrays, "valid", where)).astype(bool),
            where=where,
        )


def original_test(name: str, path: Path, ground_truth: GroundTruth, rate_hz: float) -> StoredVideo:
    """One test sequence from its `annot_data.mat`."""
    content = read_mat73(path, ("annot2", "annot3", "univ_annot3", "valid_frame"))
    joints = {key: _one_person(content[key], f"{path}: {key}") for key in ("annot2", "annot3", "univ_annot3")}
    _check_joints(joints["annot2"], joints["annot3"], f"{path}: annot3")
    return _video(
        (name, name, name, "0"),
        _fitted(joints["annot2"], joints["annot3"], _image_size(name)),
        rate_hz,
        ground_truth,
        joints["annot2"],
        joints[ground_truth],
        valid=np.ravel(content["valid_frame"]).astype(bool),
        where=f"{path}: {name}",
    )


def _video(
    names: tuple[str, str, str, str],
    camera: Camera | None,
    rate_hz: float,
    ground_truth: GroundTruth,
    pixels: AnyArray,
    millimetres: AnyArray,
    *,
    where: str,
    valid: BoolArray | None = None,
) -> StoredVideo:
    """Joints (T, 17 or 28, 2 and 3) in the data set's orders → a video."""
    _check_joints(pixels, millimetres, where)
    flags = np.ones(len(pixels), dtype=bool) if valid is None else valid
    if not len(pixels) == len(millimetres) == len(flags):
        raise InputError(
            f"{where} has {len(pixels)} 2D poses, {len(millimetres)} 3D poses and {len(flags)} valid flags: "
            "the numbers must agree"
        )
    check_finite(pixels, f"{where} has 2D positions")
    check_finite(np.where(flags[:, None, None], millimetres, 0), f"{where} has 3D positions")
    return StoredVideo(
        *names,
        camera=camera,
        image_size=_image_size(names[0]),
        rate_hz=float(rate_hz),
        ground_truth=ground_truth,
        keypoints_px=_h36m17(pixels),
        confidence=None,
        positions_camera=_h36m17(millimetres) / np.float32(_MM_PER_M),
        valid=flags,
    )


def _check_joints(pixels: AnyArray, millimetres: AnyArray, where: str) -> None:
    for what, values, size in (("2D", pixels, 2), ("3D", millimetres, 3)):
        shape = np.shape(values)
        if len(shape) != 3 or shape[1] not in (17, 28) or shape[2] != size:
            raise InputError(f"{where}: {what} joints of shape {shape}, expected (T, 17 or 28, {size})")


def _h36m17(joints: AnyArray) -> FloatArray:
    source = "mpi_inf_3dhp28" if joints.shape[1] == 28 else "mpi_inf_3dhp17"
    return np.asarray(joints[:, reorder(source, "h36m17")], dtype=np.float32)


def _image_size(subject: str) -> tuple[int, int]:
    """TS5 and TS6 were filmed outdoors with another camera."""
    return (1920, 1080) if subject in ("TS5", "TS6") else (2048, 2048)


def _fitted(pixels: AnyArray, millimetres: AnyArray, image_size: tuple[int, int]) -> Camera | None:
    """The pinhole camera that brings the captured joints (`annot3`) to their pixels, by least squares."""
    if pixels.shape[:2] != millimetres.shape[:2]:
        return None
    points = np.reshape(millimetres, (-1, 3)).astype(np.float64)
    seen = np.reshape(pixels, (-1, 2)).astype(np.float64)
    usable = (points[:, 2] > 0) & np.isfinite(seen).all(axis=1) & np.isfinite(points).all(axis=1)
    if usable.sum() < 3:
        return None
    with np.errstate(all="ignore"):  # poses without extent, or far too large: no camera fits
        plane, seen = points[usable, :2] / points[usable, 2:], seen[usable]
        centre = plane.mean(axis=0)
        focal_px = ((plane - centre) * seen).sum(axis=0) / ((plane - centre) ** 2).sum(axis=0)
        principal_px = seen.mean(axis=0) - focal_px * centre
    if not (np.isfinite([focal_px, principal_px]).all() and (focal_px > 0).all()):
        return None
    (fx, fy), (cx, cy) = focal_px.tolist(), principal_px.tolist()
    return Camera((fx, fy), (cx, cy), image_size)


def _calibration(path: Path) -> dict[str, Camera]:
    return read_calibration(path) if path.is_file() else {}


def _cell(cells: AnyArray, row: int, where: str) -> AnyArray:
    """A MATLAB cell array (C, 1) holds an array in every entry."""
    count = cells.size if cells.dtype == object else len(np.atleast_1d(cells))
    if row >= count or not cells.ndim:
        raise InputError(
            f"{where} has arrays of {count} cameras, and this is number {row + 1} of those named"
        )
    return np.asarray(np.ravel(cells)[row] if cells.dtype == object else cells[row])


def _one_person(values: AnyArray, where: str) -> AnyArray:
    """(3, 17, 1, T) in MATLAB, which is (T, 1, 17, 3) here, → (T, 17, 3)."""
    numbers = as_numbers(values, where)
    if numbers.ndim != 4 or numbers.shape[1] != 1:
        raise InputError(f"{where} has shape {numbers.shape}, expected (T, 1, 17, 2 or 3)")
    return numbers[:, 0]


def _unpacked(values: AnyArray, size: int, where: str) -> AnyArray:
    """Rows of x1 y1 (z1) x2 y2 … → (T, 28, size)."""
    numbers = as_numbers(values, where)
    if numbers.ndim != 2 or numbers.shape[1] != 28 * size:
        raise InputError(f"{where} has shape {numbers.shape}, expected (T, {28 * size})")
    return numbers.reshape(len(numbers), 28, size)


def _dictionary(path: Path) -> Mapping[str, Any]:
    data = load_npz(path).get("data")
    if not isinstance(data, Mapping):
        raise InputError(f"{path} holds no dictionary 'data', which is what P-STMO's converter writes")
    return data


def _pick(arrays: Mapping[str, Any], key: str, where: str) -> AnyArray:
    if key not in arrays:
        raise InputError(f"{where} lacks {key}; it has {_names(arrays)}")
    return as_numbers(arrays[key], f"{where}: {key}")


def _names(table: Mapping[Any, Any]) -> str:
    return ", ".join(map(str, table)) or "nothing"
