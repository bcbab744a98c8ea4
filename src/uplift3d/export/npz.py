"""`.npz`: the whole motion, exact, in arrays that numpy reads anywhere without pickle.

Keys: positions (P, T, J, 3) float32 m, times (T,) float64 s, joints (name of the joint set), people (P,)
int64, root (P, T, 3) float32 m or an empty array when unknown, observed (P, T) bool, meta (JSON text).
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError
from uplift3d.export.meta import meta_from_json, meta_to_json
from uplift3d.types import Motion3D

KEYS = ("positions", "times", "joints", "people", "root", "observed", "meta")
OPTIONAL = ("root", "meta")


def write(path: Path, motion: Motion3D) -> None:
    """Write the seven keys, compressed."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "positions": motion.positions,
        "times": motion.times,
        "joints": np.array(motion.joints),
        "people": motion.people,
        "root": np.zeros(0, np.float32) if motion.root is None else motion.root,
        "observed": motion.observed,
        "meta": np.array(meta_to_json(motion)),
    }
    with path.open("wb") as file:  # given a name, numpy would append .npz to ".NPZ"
        np.savez_compressed(file, **arrays)


def read(path: Path) -> Motion3D:
    """Read what `write` wrote; `root` and `meta` may be missing."""
    arrays = _read_arrays(path)
    missing = [key for key in KEYS if key not in arrays and key not in OPTIONAL]
    if missing:
        raise InputError(
            f"{path}: not a 3D motion, {', '.join(missing)} missing;"
            f" found are {', '.join(arrays) or 'nothing'}"
        )
    root = arrays.get("root")
    try:
        return Motion3D(
            positions=arrays["positions"],
            times=arrays["times"],
            root=None if root is None or root.ndim == 1 else root,
            observed=arrays["observed"],
            people=arrays["people"],
            joints=str(arrays["joints"]),
            meta=meta_from_json(str(arrays["meta"]), path) if "meta" in arrays else {},
        )
    except InputError as error:
        raise InputError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: not a 3D motion ({error})") from error


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Every array of the file; anything that would need unpickling is refused."""
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InputError(f"{path}: one bare array, expected an .npz with {', '.join(KEYS)}")
        with archive:
            return {key: _plain_array(archive, key, path) for key in archive.files}
    except (zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"{path}: damaged or not an .npz file ({error})") from error
    except (ValueError, pickle.UnpicklingError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not an .npz file of plain arrays; pickled files are refused") from error


def _plain_array(archive: Any, key: str, path: Path) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = archive[key]
    except ValueError as error:
        raise InputError(
            f"{path}: {key!r} holds pickled Python objects, which are refused because unpickling can run "
            "code; plain numeric arrays are accepted"
        ) from error
    return array
