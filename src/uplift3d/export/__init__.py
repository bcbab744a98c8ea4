"""3D motion to files and back, by the file's suffix.

`FORMATS` is the registry: a suffix leads to a `MotionFormat`, usually a module of this package that is
imported on first use. Another package adds a format with `FORMATS[".abc"] = its_format`.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable
from uplift3d.types import Motion3D

__all__ = ["FORMATS", "MotionFormat", "MotionWriter", "check_output", "load_motion", "save_motion"]


class MotionWriter(Protocol):
    """What can be written only: something to look at."""

    def write(self, path: Path, motion: Motion3D) -> None:
        """Write `motion` to `path`, which does not exist yet."""


class MotionFormat(MotionWriter, Protocol):
    """A file format that holds a motion: what is written can be read again."""

    def read(self, path: Path) -> Motion3D:
        """Read the motion in `path`, an existing file; InputError naming the file and everything amiss."""


FORMATS: dict[str, str | MotionFormat] = {
    ".npz": "uplift3d.export.npz",
    ".json": "uplift3d.export.json",
    ".csv": "uplift3d.export.csv",
    ".parquet": "uplift3d.export.parquet",
}
# Named, not imported: a viewer is a stage of its own.
_VIEWS: dict[str, str | MotionWriter] = {".html": "uplift3d.view.html", ".png": "uplift3d.view.picture"}
_EXTRAS = {".parquet": ("pyarrow", "export"), ".html": ("plotly", "view")}


def check_output(path: str | os.PathLike[str]) -> Path:
    """Make sure that `save_motion` will be able to write `path`, before anything is computed.

    Raises:
        InputError: an unknown suffix, a place that cannot be written, or a missing optional package.
    """
    target = check_writable(path, (*FORMATS, *_VIEWS))
    _resolve(target)
    return target


def save_motion(path: str | os.PathLike[str], motion: Motion3D) -> Path:
    """Write a motion to a file; the suffix chooses the format (`check_output`).

    Nothing half-written is left behind: the file appears under its name when it is whole.

    Raises:
        InputError: as `check_output`.
    """
    target = check_output(path)
    with atomic_write(target) as temporary:
        _resolve(target).write(temporary, motion)
    return target


def load_motion(path: str | os.PathLike[str]) -> Motion3D:
    """Read a motion that `save_motion` wrote (`FORMATS`).

    Raises:
        InputError: no such file, an unknown suffix, or contents that are not a motion; the message names the
            file and all that is missing from it.
    """
    source = Path(path)
    if source.suffix.lower() not in FORMATS:
        raise InputError(f"{source}: not a motion file; the readable ones end in {', '.join(FORMATS)}")
    if not source.is_file():
        raise InputError(f"{source}: {'is a folder, not a file' if source.is_dir() else 'no such file'}")
    try:
        return cast("MotionFormat", _resolve(source)).read(source)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}") from error


def _resolve(path: Path) -> MotionWriter:
    """The format of a suffix that is known, imported if need be."""
    suffix = path.suffix.lower()
    entry = {**_VIEWS, **FORMATS}[suffix]
    if not isinstance(entry, str):
        return entry
    try:
        return cast("MotionWriter", import_module(entry))
    except ImportError as error:
        if suffix not in _EXTRAS:
            raise
        package, extra = _EXTRAS[suffix]
        raise InputError(
            f"{path}: {suffix} needs {package} (pip install 'uplift3d[{extra}]'); {error}"
        ) from error
