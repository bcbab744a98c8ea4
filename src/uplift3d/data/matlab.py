"""Arrays out of MATLAB files, old (5) and new (7.3, which is HDF5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from uplift3d.data.matlab5 import read_mat5
from uplift3d.errors import InputError
from uplift3d.files.guards import readable
from uplift3d.files.hdf5 import child, dataset, opened_hdf5

__all__ = ["read_mat", "read_mat73"]


def read_mat(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Variables of a MATLAB 5 file as arrays; cell arrays have dtype object.

    Raises:
        InputError: a damaged file, or one that lacks a variable.
    """
    with readable(path, "a MATLAB 5 file"):
        content = read_mat5(path, names)
    return _complete(content, names, path)


def read_mat73(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Variables of a MATLAB 7.3 file as arrays, with their axes in reverse, as HDF5 stores them.

    Raises:
        InputError: h5py is not installed, a damaged file, or one that lacks a variable.
    """
    with opened_hdf5(path, "MATLAB 7.3 variables", "train") as file:
        content = {name: dataset(file, name, str(path)) for name in names if child(file, name) is not None}
    return _complete(content, names, path)


def _complete(content: dict[str, Any], names: Sequence[str], path: Path) -> dict[str, Any]:
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}")
    return {name: content[name] for name in names}
