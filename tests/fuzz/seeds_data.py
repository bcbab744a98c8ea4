"""Small good files as the data sets have them: Human3.6M, MPI-INF-3DHP, AMASS."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.seeds import CALIBRATION
from uplift3d.camera import Camera
from uplift3d.data import h36m, mpi_inf_3dhp
from uplift3d.data.mpi_inf_3dhp_files import SEQUENCES

FRAMES = 5
LENS = Camera.pinhole((1500.0, 1501.0), (1024.0, 1050.0))
_KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]


def packed(value: Any) -> np.ndarray:
    """As numpy pickles one object."""
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def _takes() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    takes = {}
    for take in ("Eating", "Eating 1"):
        start = rng.uniform([-1, -1, 0.8], [1, 1, 1.0])
        takes[take] = (start + rng.normal(scale=0.2, size=(8, 32, 3))).astype(np.float32)
    return {"S9": takes}


def h36m_npz(folder: Path) -> None:
    """World positions, and detections of VideoPose3D's layout."""
    world = _takes()
    views = {
        who: {take: [np.ones((8, 17, 2), np.float32)] * 4 for take in takes} for who, takes in world.items()
    }
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=packed(world))
    np.savez_compressed(
        folder / "data_2d_h36m_cpn_ft_h36m_dbb.npz", positions_2d=packed(views), metadata=packed({"a": 1})
    )


def h36m_pkl(folder: Path) -> None:
    """Detections of MotionBERT's layout."""
    world = _takes()
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=packed(world))
    rows: dict[str, list[Any]] = {"joint_2d": [], "confidence": [], "joint3d_image": []}
    names: dict[str, list[str]] = {"camera_name": [], "source": [], "action": []}
    for number, positions in enumerate(world["S9"].values(), start=1):
        for lens, camera in enumerate(h36m.cameras("S9"), start=1):
            pixels = camera.project_world(positions[:, _KEPT])
            rows["joint_2d"].append(pixels + 0.5)
            rows["confidence"].append(np.full((8, 17, 1), 0.25))
            rows["joint3d_image"].append(np.concatenate([pixels, pixels[..., :1]], axis=-1))
            names["camera_name"] += ["54138969"] * 8
            names["action"] += ["Eating"] * 8
            names["source"] += [f"s_09_act_04_subact_{number:02}_ca_{lens:02}"] * 8
    content = {"train": None, "test": {key: np.concatenate(value) for key, value in rows.items()} | names}
    (folder / "sh.pkl").write_bytes(pickle.dumps(content))


def _annotated(number: int, joints: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    captured = rng.uniform([-800, -900, 3000], [800, 900, 4000], size=(FRAMES, joints, 3))
    return LENS.project(captured), captured, 0.9 * captured


def _cells(arrays: list[np.ndarray]) -> np.ndarray:
    out = np.empty((len(arrays), 1), dtype=object)
    for row, array in enumerate(arrays):
        out[row, 0] = array.reshape(len(array), -1)
    return out


def mpi_train(folder: Path) -> None:
    """One sequence of the original training set."""
    from scipy.io import savemat

    place = folder / "S1" / "Seq1"
    place.mkdir(parents=True)
    seen = [_annotated(camera, 28) for camera in range(14)]
    savemat(
        place / "annot.mat",
        {
            "annot2": _cells([a[0] for a in seen]),
            "annot3": _cells([a[1] for a in seen]),
            "univ_annot3": _cells([a[2] for a in seen]),
            "cameras": np.arange(14)[None],
            "frames": np.arange(FRAMES)[:, None],
        },
    )
    header, *rest = CALIBRATION.splitlines(keepends=True)
    each = ["".join(rest).replace("name          0", f"name          {name}") for name in range(14)]
    (place / "camera.calibration").write_text(header + "".join(each))


def mpi_test(folder: Path) -> None:
    """All sequences of the original test set."""
    import h5py

    for number, name in enumerate(mpi_inf_3dhp.TEST_SEQUENCES):
        (folder / name).mkdir()
        pixels, captured, universal = _annotated(number, 17)
        with h5py.File(folder / name / "annot_data.mat", "w") as file:
            file["annot2"], file["annot3"] = pixels[:, None], captured[:, None]
            file["univ_annot3"] = universal[:, None]
            file["valid_frame"] = (np.arange(FRAMES) % 2 == 0).astype(float)[:, None]
            file["activity_annotation"] = np.ones((FRAMES, 1))


def mpi_packed(folder: Path) -> None:
    """The field's own `.npz` of both."""
    data: dict[str, Any] = {}
    for (subject, sequence), (_, rate) in list(SEQUENCES.items()):
        by_camera = {}
        for camera in mpi_inf_3dhp.CAMERAS:
            pixels, _, universal = _annotated(camera, 17)
            by_camera[str(camera)] = {"data_2d": pixels[:2], "data_3d": universal[:2]}
        data[f"{subject} {sequence}"] = [by_camera, int(rate)]
    np.savez_compressed(folder / "data_train_3dhp.npz", data=packed(data))
    data = {}
    for number, name in enumerate(mpi_inf_3dhp.TEST_SEQUENCES):
        pixels, _, universal = _annotated(number, 17)
        data[name] = {"data_2d": pixels, "data_3d": universal, "valid": np.array([1.0, 0, 1, 0, 1])}
    np.savez_compressed(folder / "data_test_3dhp.npz", data=packed(data))


def amass(folder: Path) -> None:
    """Joints regressed from the body."""
    pose = np.random.default_rng(0).normal(size=(6, 17, 3)).astype(np.float32)
    table = {
        "0005": {
            "walk": {"positions_3d": pose, "frame_rate": 60.0},
            "run": {"positions_3d": pose, "frame_rate": 50.0},
        }
    }
    np.savez_compressed(folder / "SFU.npz", positions_3d=packed(table))
