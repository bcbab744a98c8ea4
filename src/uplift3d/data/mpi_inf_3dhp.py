"""MPI-INF-3DHP: the original files and the `.npz` files that the field made of them.

Both hold joints in the axes of each camera, in millimetres. There are two ground truths: `annot3`, what was
captured, and `univ_annot3`, the same scaled to one skeleton height for everybody. The literature uses either,
so the caller always says which.

Axes: T frames, J = 17 joints in the order of the joint set "h36m17".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np

from uplift3d.data.mpi_inf_3dhp_files import (
    TEST_SEQUENCES,
    GroundTruth,
    original_test,
    original_train,
    packed_test,
    packed_train,
    sequences_of,
)
from uplift3d.data.videos import Motion, StoredVideo, missing_files
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

__all__ = [
    "CAMERAS",
    "SCORED_JOINTS",
    "TEST_RATE_HZ",
    "TEST_SEQUENCES",
    "TRAIN_SUBJECTS",
    "GroundTruth",
    "check_files",
    "load_motions",
    "load_test",
    "load_train",
]

TRAIN_SUBJECTS = tuple(f"S{number}" for number in range(1, 9))
CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)
"""Those of 14 that the field trains with ("vnect" in the data set's own tools)."""
TEST_RATE_HZ = 25.0
"""Taken for the test sequences: no file states theirs (docs/datasets/mpi-inf-3dhp.md)."""
SCORED_JOINTS = tuple(
    place for place, name in enumerate(joint_set("h36m17").joints) if name not in ("pelvis", "torso", "head")
)
"""The 14 joints that the data set's own evaluation counts for PCK and AUC."""
LICENCE = "MPI-INF-3DHP licence (non-commercial research)"

_TRAIN_NPZ, _TEST_NPZ = "data_train_3dhp.npz", "data_test_3dhp.npz"
_TEST_FOLDERS = ("", "mpi_inf_3dhp_test_set", "mpi_inf_3dhp_test_set/mpi_inf_3dhp_test_set")


def load_train(
    folder: str | Path,
    ground_truth: GroundTruth,
    subjects: Iterable[str] = TRAIN_SUBJECTS,
    cameras: Iterable[int] = CAMERAS,
) -> Iterator[StoredVideo]:
    """Read the training sequences, one camera after the other.

    Args:
        folder: with `data_train_3dhp.npz` (univ_annot3 only), or with `S1/Seq1/annot.mat` and so on.
        ground_truth: "annot3" or "univ_annot3".
        subjects: "S1" … "S8".
        cameras: 0 … 13.

    Raises:
        InputError: missing or damaged files, or sequences that do not fit together, by name and camera.
    """
    wanted = [subject for subject in subjects if sequences_of(subject)]
    chosen = tuple(cameras)
    files = _train_files(Path(folder), ground_truth, wanted)
    if isinstance(files, Path):
        return packed_train(files, wanted, chosen)
    return (video for path in files for video in original_train(path, ground_truth, chosen))


def load_test(
    folder: str | Path, ground_truth: GroundTruth, rate_hz: float = TEST_RATE_HZ
) -> tuple[StoredVideo, ...]:
    """Read the test sequences TS1 … TS6; `valid` marks the frames to score.

    Args:
        folder: with `data_test_3dhp.npz` (univ_annot3 only), or with `TS1/annot_data.mat` and so on.
        ground_truth: "annot3" or "univ_annot3".
        rate_hz: frames per second; another one than the default stretches time, as evaluations do that count
            frames instead of seconds.

    Raises:
        InputError: missing or damaged files, or sequences that do not fit together, by name.
    """
    files = _test_files(Path(folder), ground_truth)
    if isinstance(files, Path):
        return tuple(packed_test(files, rate_hz))
    return tuple(original_test(name, path, ground_truth, rate_hz) for name, path in files.items())


def check_files(folder: str | Path, ground_truth: GroundTruth) -> None:
    """Complain, without reading them, about missing files of training or test set, as `load_…` do."""
    _train_files(Path(folder), ground_truth, TRAIN_SUBJECTS)
    _test_files(Path(folder), ground_truth)


def load_motions(folder: str | Path, subjects: Iterable[str] = TRAIN_SUBJECTS) -> Iterator[Motion]:
    """The training sequences without images, in the world (z up), from `annot3` and the calibration.

    Raises:
        InputError: as for `load_train`, or no `camera.calibration` beside an `annot.mat`.
    """
    root = Path(folder)
    pairs = [pair for subject in subjects for pair in sequences_of(subject)]
    names = ("annot.mat", "camera.calibration")
    _require(root, [root / s / q / name for s, q in pairs for name in names], root / _TRAIN_NPZ)
    for subject, sequence in pairs:
        video = next(original_train(root / subject / sequence / "annot.mat", "annot3", (0,)))
        assert video.camera is not None  # its calibration file is there
        y_up = video.camera.to_world(video.positions_camera)
        z_up = np.stack([y_up[..., 0], -y_up[..., 2], y_up[..., 1]], axis=-1).astype(np.float32)
        yield Motion("mpi-inf-3dhp", subject, sequence, video.rate_hz, z_up, LICENCE)


def _train_files(root: Path, ground_truth: str, subjects: Iterable[str]) -> Path | list[Path]:
    """The converted file, or one original file per sequence."""
    _check(ground_truth)
    packed = root / _TRAIN_NPZ
    if ground_truth == "univ_annot3" and packed.is_file():
        return packed
    files = [root / s / q / "annot.mat" for subject in subjects for s, q in sequences_of(subject)]
    _require(root, files, packed)
    return files


def _test_files(root: Path, ground_truth: str) -> Path | dict[str, Path]:
    """The converted file, or one original file per name of a sequence."""
    _check(ground_truth)
    packed = root / _TEST_NPZ
    if ground_truth == "univ_annot3" and packed.is_file():
        return packed
    places = [root / inner for inner in _TEST_FOLDERS]
    place = next((p for p in places if any((p / name).is_dir() for name in TEST_SEQUENCES)), root)
    files = {name: place / name / "annot_data.mat" for name in TEST_SEQUENCES}
    _require(root, files.values(), packed)
    return files


def _check(ground_truth: str) -> None:
    if ground_truth not in get_args(GroundTruth):
        raise InputError(f"ground truth {ground_truth!r}: accepted are {' and '.join(get_args(GroundTruth))}")


def _require(root: Path, files: Iterable[Path], packed: Path) -> None:
    """Complain about missing original files; `packed` is what would do instead for univ_annot3."""
    missing = [str(path.relative_to(root)) for path in files if not path.is_file()]
    if not missing:
        return
    if packed.is_file():
        raise InputError(
            f"{packed} holds univ_annot3 only; for annot3 the original files are needed, and {root} lacks "
            f"{_several(missing)}"
        )
    raise missing_files(root, (f"{packed.name} (for univ_annot3), or {_several(missing)}",), "*[3S]*")


def _several(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
