"""Reader of joint positions in an `.npz`: what anybody can write whose motion is in no other format here.

| key | shape and type | meaning |
|---|---|---|
| any name | (T, J, 3) numbers | positions of one recording; NaN where a joint was not seen |
| `__names` | (J,) text | joint names; those of h36m21 are understood without a mapping |
| `__fps` | number | frames per second; `__fps_NAME` for recording NAME alone |
| `__parents` | (J,) integers | each joint's parent, −1 for a root; may be left out |
| `__up` | "y" or "z" | the vertical axis (axes are right-handed); may be left out as next |
| `__metres_per_unit` | number | 1: metres, 0.01: centimetres; left out: the mapping says it |
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uplift3d.arrays import AnyArray, DoubleArray
from uplift3d.data.capture import Capture
from uplift3d.data.checks import as_number
from uplift3d.errors import InputError
from uplift3d.files.arrays import read_npz

WHAT = "joint positions for a motion store"


def read_joints_npz(path: str | Path) -> list[Capture]:
    """Every recording of a file of joint positions, in the file's order; NaN where a joint was not seen.

    Raises:
        InputError: the file cannot be read or is no such file; the message names it and the reason.
    """
    path = Path(path)
    arrays = read_npz(path, WHAT, required=("__names", "__fps"))
    names = _names(arrays["__names"], path)
    parents = _parents(arrays.get("__parents"), len(names), path)
    takes = [key for key in arrays if not key.startswith("__")]
    if not takes:
        raise InputError(f"{path}: holds no recording, arrays (T, {len(names)}, 3) needed")
    up = _up(arrays.get("__up"), path)
    scale = arrays.get("__metres_per_unit")
    metres_per_unit = None if scale is None else _positive(scale, f"{path}: '__metres_per_unit'")
    return [
        Capture(
            source=path / take,
            names=names,
            parents=parents,
            positions=_positions(arrays[take], len(names), path / take),
            rotations=None,
            frame_time_s=1 / _rate(arrays, take, path),
            metres_per_unit=metres_per_unit,
            up=up,
        )
        for take in takes
    ]


def _names(given: AnyArray, path: Path) -> tuple[str, ...]:
    if given.dtype.kind != "U" or given.ndim != 1 or len(set(given.tolist())) != len(given):
        raise InputError(f"{path}: '__names' is no list of different texts")
    return tuple(given.tolist())


def _parents(given: AnyArray | None, count: int, path: Path) -> tuple[int, ...]:
    if given is None:
        return (-1,) * count
    if given.dtype.kind not in "iu" or given.shape != (count,):
        raise InputError(f"{path}: '__parents' must be {count} integers, one per joint")
    if not ((given >= -1) & (given < count)).all():
        raise InputError(f"{path}: '__parents' must be −1 or one of the {count} joints")
    return tuple(int(parent) for parent in given)


def _up(given: AnyArray | None, path: Path) -> str | None:
    if given is None:
        return None
    if given.size != 1 or given.item() not in ("y", "z"):
        raise InputError(f"{path}: '__up' must be 'y' or 'z'")
    return str(given.item())


def _rate(arrays: dict[str, AnyArray], take: str, path: Path) -> float:
    key = f"__fps_{take}" if f"__fps_{take}" in arrays else "__fps"
    return _positive(arrays[key], f"{path}: {key!r}")


def _positive(given: AnyArray, where: str) -> float:
    value = as_number(given, where)
    if not 0 < value < np.inf:
        raise InputError(f"{where} is {value:g}, a number above 0 needed")
    return value


def _positions(given: AnyArray, joints: int, source: Path) -> DoubleArray:
    if given.dtype.kind not in "iuf" or given.ndim != 3 or given.shape[1:] != (joints, 3):
        raise InputError(f"{source}: {given.dtype} {given.shape} found, numbers (T, {joints}, 3) needed")
    positions = given.astype(np.float64)
    if np.isinf(positions).any():
        raise InputError(f"{source}: positions hold infinite numbers, finite ones or NaN needed")
    return positions
