"""Cameras of MPI-INF-3DHP's `camera.calibration` files ("Skeletool Camera Calibration File V1.0")."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.camera import Camera
from uplift3d.errors import InputError
from uplift3d.files.guards import readable

__all__ = ["read_calibration"]

HEADER = "Skeletool Camera Calibration File"
_NEEDED = {"size": 2, "intrinsic": 16, "extrinsic": 16}
MM_PER_M = 1000.0


def read_calibration(path: str | Path) -> dict[str, Camera]:
    """Read the cameras by name; world and camera axes as in the file, millimetres become metres.

    Raises:
        InputError: no such file, another format, or a camera with lens distortion (no published file has).
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from None
    if not text.startswith(HEADER):
        raise InputError(f"{path} does not begin with {HEADER!r}")
    with readable(path, "a camera calibration"):
        return {name: _camera(entries, f"{path}: camera {name}") for name, entries in _blocks(text)}


def _blocks(text: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    name, entries = "", dict[str, list[str]]()
    for line in [*text.splitlines()[1:], "name"]:
        key, *values = line.split() or [""]
        if key == "name":
            if name:
                yield name, entries
            name, entries = " ".join(values), {}
        elif key:
            entries[key] = values


def _camera(entries: dict[str, list[str]], where: str) -> Camera:
    numbers = {}
    for key, count in _NEEDED.items():
        try:
            numbers[key] = np.array(entries.get(key, ()), dtype=float)
        except ValueError:
            numbers[key] = np.empty(0)
        if len(numbers[key]) != count or not np.isfinite(numbers[key]).all():  # LAPACK may hang on infinity
            raise InputError(f"{where} has no {key!r} of {count} numbers")
    if any(float(value) != 0 for value in entries.get("radial", ())):
        raise InputError(f"{where} has lens distortion (radial); accepted is 0")
    K, T = numbers["intrinsic"].reshape(4, 4), numbers["extrinsic"].reshape(4, 4)
    width, height = numbers["size"].astype(int).tolist()
    return Camera(
        focal_px=(float(K[0, 0]), float(K[1, 1])),
        principal_point_px=(float(K[0, 2]), float(K[1, 2])),
        image_size=(width, height),
        R_camera_world=_nearest_rotation(T[:3, :3]),
        t_camera_world=T[:3, 3] / MM_PER_M,
    )


def _nearest_rotation(matrix: DoubleArray) -> DoubleArray:
    """The files round to six digits, which leaves rotations that are not quite orthogonal."""
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u @ vt)
