"""Files of 3D motion in, and where to go with a file that is something else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from uplift3d.cli.inputs import VIDEO_SUFFIXES
from uplift3d.errors import InputError
from uplift3d.export import FORMATS, load_motion

if TYPE_CHECKING:
    from uplift3d.types import Motion3D


def motion_in(path: Path) -> Motion3D:
    """Read a file of 3D motion; a video or 2D file is told what to do with it.

    Raises:
        InputError: as `export.load_motion`.
    """
    try:
        return load_motion(path)
    except InputError as error:
        raise explain(path, error, wants="3D") from error


def explain(path: Path, error: InputError, wants: Literal["2D", "3D"]) -> InputError:
    """The error of a file that cannot be read, or a better one if it is what another command takes."""
    if not path.exists():
        return error
    if wants == "2D" and _is_motion(path):
        return InputError(
            f"{path} is 3D motion already; `uplift3d view {path}` plays it, and `uplift3d convert` writes it "
            "in another format"
        )
    if wants == "3D" and path.suffix.lower() in VIDEO_SUFFIXES:
        return InputError(f"{path} is a video; `uplift3d lift {path}` makes 3D motion of it")
    if wants == "3D" and _is_keypoints(path):
        return InputError(f"{path} holds 2D key-frames; `uplift3d lift {path}` makes 3D motion of them")
    return error


def _is_motion(path: Path) -> bool:
    if path.suffix.lower() not in FORMATS or not path.is_file():
        return False
    try:
        load_motion(path)
    except InputError:
        return False
    return True


def _is_keypoints(path: Path) -> bool:
    from uplift3d.detect.files import Source, format_of
    from uplift3d.detect.files.native import Native

    try:
        found = format_of(Source(path))
    except InputError:
        return False
    # Any .npz is taken for our own 2D file.
    return found is not None and (not isinstance(found, Native) or "confidence" in Source(path).arrays)
