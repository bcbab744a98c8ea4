"""Arrays out of MATLAB files, old (5) and new (7.3, which is HDF5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.errors import InputError

__all__ = ["read_mat", "read_mat73"]


def read_mat(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Variables of a MATLAB 5 file as arrays; cell arrays have dtype object.

    Raises:
        InputError: scipy is not installed, a damaged file, or one that lacks a variable.
    """
    try:
        from scipy.io import loadmat
    except ImportError:
        raise InputError("reading .mat files needs scipy: pip install 'uplift3d[train]'") from None
    try:
        content = loadmat(path, variable_names=list(names))
    except Exception as error:  # scipy has many for damaged files
        raise InputError(f"{path} is not a readable MATLAB 5 file ({error})") from None
    return _complete(content, names, path)


def read_mat73(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Variables of a MATLAB 7.3 file as arrays, with their axes in reverse, as HDF5 stores them.

    Raises:
        InputError: h5py is not installed, a damaged file, or one that lacks a variable.
    """
    try:
        import h5py
    except ImportError:
        raise InputError("reading .mat files needs h5py: pip install 'uplift3d[train]'") from None
    try:
        with h5py.File(path, "r") as file:
            content = {name: np.asarray(file[name]) for name in names if name in file}
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path} is not a readable MATLAB 7.3 file ({error})") from None
    return _complete(content, names, path)


def _complete(content: dict[str, Any], names: Sequence[str], path: Path) -> dict[str, Any]:
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}")
    return {name: content[name] for name in names}
