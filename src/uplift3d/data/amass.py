"""AMASS: the joints that the paper pre-trains on, converted or straight from SMPL-H body parameters.

The converted files, one per data set inside AMASS, hold joints regressed from the body's surface; the
conversion is published (goldbricklemon/AMASS-to-3DHPE). With the user's own body model and regressor
`SmplhBodies` computes the same from the original files, by way of the optional package `smplx`.

Axes: T frames, J = 17 joints in the order of the joint set "h36m17", V vertices. World metres, z up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray, FloatArray
from uplift3d.data.checks import as_number, as_numbers, as_table
from uplift3d.data.videos import Motion, missing_files
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.files.pickles import load_npy, load_npz
from uplift3d.skeletons import joint_set

__all__ = [
    "REGRESSED_JOINTS",
    "TRAIN_SUBSETS",
    "VALIDATION_SUBSETS",
    "SmplhBodies",
    "load_motions",
    "load_smplh_motions",
    "read_converted",
]

TRAIN_SUBSETS = (
    *("CMU", "DanceDB", "MPILimits", "TotalCapture", "EyesJapanDataset", "HUMAN4D", "KIT", "BMLhandball"),
    *("BMLmovi", "BMLrub", "EKUT", "TCDhandMocap", "ACCAD", "Transitionsmocap"),
)
VALIDATION_SUBSETS = ("MPIHDM05", "SFU", "MPImosh")
PAPER_SUBSETS = (*TRAIN_SUBSETS, *VALIDATION_SUBSETS)
REGRESSED_JOINTS = (
    *("pelvis", "left_hip", "left_knee", "left_ankle", "right_hip", "right_knee", "right_ankle"),
    *("torso", "neck", "head", "head_top", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_shoulder", "right_elbow", "right_wrist"),
)
"""Order of the joints that the common Human3.6M regressor of SMPL bodies gives: left leg first."""
BETAS = 16
"""Shape parameters that AMASS has fitted."""
LICENCE = "AMASS licence (non-commercial research) and that of the data set inside it"
# What the original archives or their download page call a data set, where letters and digits do not say it.
_OTHER_NAMES = {
    "biomotionlabntroje": "BMLrub",
    "hdm05": "MPIHDM05",
    "mosh": "MPImosh",
    "poseprior": "MPILimits",
    "tcdhands": "TCDhandMocap",
    "transitions": "Transitionsmocap",
}


def load_motions(folder: str | Path, subsets: Iterable[str] | None = None) -> Iterator[Motion]:
    """Read the converted files `CMU.npz` and so on of a folder, one at a time.

    Args:
        folder: where they are.
        subsets: names without ".npz"; default: those of the paper that are there. It trains on
            `TRAIN_SUBSETS` and validates on `VALIDATION_SUBSETS`.

    Raises:
        InputError: missing files (with what was looked for and what is there), or as for `read_converted`.
    """
    root = Path(folder)
    files = {name: root / f"{name}.npz" for name in subsets or PAPER_SUBSETS}
    names = [name for name, path in files.items() if path.is_file()]
    if not names or (subsets and len(names) < len(files)):
        missing = tuple(path.name for name, path in files.items() if name not in names)
        raise missing_files(root, missing, "*.npz")
    return (motion for name in names for motion in read_converted(root / f"{name}.npz"))


def read_converted(path: str | Path) -> Iterator[Motion]:
    """Read one converted file: subject → sequence → `positions_3d` (T, 17, 3) and `frame_rate`.

    Raises:
        InputError: a damaged file, or a sequence that does not fit, by subject and name.
    """
    path = Path(path)
    table = load_npz(path).get("positions_3d")
    if not isinstance(table, Mapping):
        raise InputError(f"{path} holds no dictionary 'positions_3d', which is what the converter writes")
    for subject, sequences in table.items():
        for name, content in as_table(sequences, f"{path}: {subject}").items():
            where = f"{path}: {subject} {name}"
            sequence = as_table(content, where)
            missing = [key for key in ("positions_3d", "frame_rate") if key not in sequence]
            if missing:
                raise InputError(f"{where} lacks {' and '.join(missing)}; it has {', '.join(sequence)}")
            rate_hz = as_number(sequence["frame_rate"], f"{where}: frame_rate")
            if not rate_hz > 0:
                raise InputError(f"{where} has a frame rate of {rate_hz:g} Hz, expected more than 0")
            positions = _to_h36m17(as_numbers(sequence["positions_3d"], f"{where}: positions_3d"), where)
            yield Motion(path.stem, str(subject), str(name), rate_hz, positions, LICENCE)


def load_smplh_motions(
    folder: str | Path, bodies: SmplhBodies, subsets: Iterable[str] | None = None
) -> Iterator[Motion]:
    """Read the original "SMPL+H G" archives, unpacked to `folder/CMU/01/01_01_poses.npz` and so on.

    Args:
        folder: where the data sets' folders are; "MPI_HDM05" or "HDM05" serves for "MPIHDM05" and so on.
        bodies: the user's body model.
        subsets: as for `load_motions`.

    Raises:
        InputError: missing folders, or damaged files.
        NothingFoundError: a folder holds no motion.
    """
    root, wanted = Path(folder), tuple(subsets or PAPER_SUBSETS)
    present = {} if not root.is_dir() else {_plain(p.name): p for p in sorted(root.iterdir()) if p.is_dir()}
    names = [name for name in wanted if _plain(name) in present]
    if not names or (subsets and len(names) < len(wanted)):
        raise missing_files(root, tuple(name for name in wanted if name not in names), "*")
    return (motion for name in names for motion in _smplh_subset(name, present[_plain(name)], bodies))


class SmplhBodies:
    """The user's SMPL-H body model: body parameters in, joints out.

    Args:
        body_models: folder with `male/model.npz`, `female/model.npz` and `neutral/model.npz` ("Extended
            SMPL+H model"), each needed only if a motion asks for it.
        regressor: `J_regressor_h36m.npy`, (17, V).
        device: of torch, such as "cuda".
        frames: computed at a time.

    Raises:
        InputError: smplx is not installed, or the regressor cannot be used.
    """

    def __init__(
        self, body_models: str | Path, regressor: str | Path, device: str = "cpu", frames: int = 256
    ) -> None:
        self._smplx = _import_smplx()
        self._folder, self._device, self._frames = Path(body_models), device, frames
        self._regressor = np.asarray(load_npy(regressor), dtype=np.float32)
        if self._regressor.ndim != 2 or len(self._regressor) != len(REGRESSED_JOINTS):
            raise InputError(f"{regressor} has shape {self._regressor.shape}, expected (17, vertices)")
        self._models: dict[str, Any] = {}

    def read(self, path: str | Path, dataset: str = "") -> Motion:
        """Read one `…_poses.npz`; the subject is the name of its folder.

        The soft-tissue parameters (`dmpls`) are left out, which the published conversion uses: its joints
        differ by millimetres.

        Raises:
            InputError: a file that is no SMPL-H motion, or the body model of its gender is not there.
        """
        path = Path(path)
        content = load_npz(path)
        rate_key = "mocap_framerate" if "mocap_framerate" in content else "mocap_frame_rate"
        missing = [key for key in ("poses", "trans", "betas", "gender", rate_key) if key not in content]
        if missing:
            raise InputError(f"{path} lacks {', '.join(missing)}; it holds {', '.join(content)}")
        poses, place, betas = (
            as_numbers(content[key], f"{path}: {key}") for key in ("poses", "trans", "betas")
        )
        if poses.ndim != 2 or poses.shape[1] != 156:
            raise InputError(f"{path} has poses of shape {poses.shape}, expected (T, 156) of SMPL-H")
        if place.shape != (len(poses), 3):
            raise InputError(
                f"{path} has {len(poses)} poses and trans of shape {place.shape}, expected (T, 3)"
            )
        model = self._model(_text(content["gender"]))
        parts = [
            self._joints(model, poses[part], place[part], betas) for part in _parts(len(poses), self._frames)
        ]
        positions = _to_h36m17(np.concatenate(parts), str(path))
        name = path.stem.removesuffix("_poses").removesuffix("_stageii")
        rate_hz = as_number(content[rate_key], f"{path}: {rate_key}")
        return Motion(dataset, path.parent.name, name, rate_hz, positions, LICENCE)

    def _joints(self, model: Any, poses: AnyArray, place: AnyArray, betas: AnyArray) -> FloatArray:
        """(T, 156) axis-angle poses and (T, 3) places → (T, 17, 3)."""
        import torch

        def tensor(values: AnyArray) -> Any:
            return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self._device)

        shape = np.asarray(betas, dtype=np.float32)[None, :BETAS]
        with torch.no_grad():
            vertices = model(
                betas=tensor(np.repeat(shape, len(poses), axis=0)),
                global_orient=tensor(poses[:, :3]),
                body_pose=tensor(poses[:, 3:66]),
                left_hand_pose=tensor(poses[:, 66:111]),
                right_hand_pose=tensor(poses[:, 111:]),
                transl=tensor(place),
            ).vertices  # (T, V, 3)
            if vertices.shape[1] != self._regressor.shape[1]:
                raise InputError(
                    f"the regressor is for {self._regressor.shape[1]} vertices, the body model has "
                    f"{vertices.shape[1]}"
                )
            joints = torch.einsum("jv,tvk->tjk", tensor(self._regressor), vertices)
        return np.asarray(joints.cpu().numpy())

    def _model(self, gender: str) -> Any:
        if gender not in self._models:
            path = self._folder / gender / "model.npz"
            if not path.is_file():
                raise missing_files(self._folder, (f"{gender}/model.npz",), "*/*")
            model = self._smplx.SMPLH(
                str(path),
                data_struct=_body_data(path),
                gender=gender,
                num_betas=BETAS,
                use_pca=False,
                flat_hand_mean=True,
            )
            self._models[gender] = model.to(self._device)
        return self._models[gender]


def _smplh_subset(name: str, folder: Path, bodies: SmplhBodies) -> Iterator[Motion]:
    files = sorted(
        path
        for path in folder.rglob("*.npz")
        if path.stem.endswith(("_poses", "_stageii")) and path.is_file()
    )
    if not files:
        raise NothingFoundError(f"{folder} holds no …_poses.npz, which is how AMASS names its motions")
    for path in files:
        yield bodies.read(path, name)


def _body_data(path: Path) -> SimpleNamespace:
    """What smplx wants of a body model, read without running code.

    smplx uses ten shape parameters of files that hold fewer than 300, and AMASS has fitted sixteen: zeros
    make the file look complete.
    """
    content = load_npz(path)
    if "shapedirs" not in content:
        raise InputError(f"{path} is no SMPL-H body model: it lacks shapedirs")
    shapes = np.asarray(content["shapedirs"], dtype=np.float32)
    missing = max(0, 300 - shapes.shape[-1])
    content["shapedirs"] = np.pad(shapes, ((0, 0), (0, 0), (0, missing)))
    return SimpleNamespace(**content)


def _to_h36m17(joints: AnyArray, where: str) -> FloatArray:
    if joints.ndim != 3 or joints.shape[1:] != (len(REGRESSED_JOINTS), 3):
        raise InputError(f"{where} has joints of shape {joints.shape}, expected (T, 17, 3)")
    order = [REGRESSED_JOINTS.index(name) for name in joint_set("h36m17").joints]
    return np.asarray(joints[:, order], dtype=np.float32)


def _plain(name: str) -> str:
    """A data set's name, spelt in one way."""
    letters = "".join(character for character in name.lower() if character.isalnum())
    return _OTHER_NAMES[letters].lower() if letters in _OTHER_NAMES else letters


def _text(value: Any) -> str:
    """A string from an array of characters, which some files have as bytes."""
    value = np.asarray(value).item()
    return value.decode() if isinstance(value, bytes) else str(value)


def _parts(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))


def _import_smplx() -> Any:
    try:
        return import_module("smplx")
    except ImportError:
        raise InputError(
            "SMPL-H bodies need the package smplx: pip install 'uplift3d[amass]'; or convert AMASS first "
            "(docs/datasets/amass.md)"
        ) from None
